import { Hono } from "hono";
import type { Context } from "hono";
import type { Scope } from "../directory/api-keys.ts";
import { changeRecipient, findRecipient, listRecipients, putRecipient } from "../directory/recipients.ts";
import type { Recipient } from "../directory/recipients.ts";
import type { Env } from "../env.ts";
import { invalid, notFound, refusal } from "../problem.ts";
import { beingErased } from "../recipients/being-erased.ts";
import {
  maxRecipientBytes,
  mergePatch,
  readAddresses,
  readRecipientId,
  recipientPatch,
  recipientRequest,
  writeData,
} from "../recipients/request.ts";
import { authorize } from "./authorize.ts";
import { readJson } from "./body.ts";
import { readLimit } from "./page.ts";
import { iso } from "./views.ts";

export const recipients = new Hono<{ Bindings: Env }>();

recipients.get("/", async (c) => {
  const { scopes } = await authorize(c, "read");
  const limit = readLimit(c);
  const cursor = c.req.query("cursor");
  const after = cursor === undefined ? "" : readCursor(cursor);
  const page = await listRecipients(c.env.DB, after, limit);
  return c.json({
    recipients: page.map((one) => viewOf(one, scopes)),
    nextCursor: page.length === limit ? page.at(-1)?.id : undefined,
  });
});

recipients.get("/:id", async (c) => {
  const { scopes } = await authorize(c, "read");
  const found = await findRecipient(c.env.DB, readRecipientId(c.req.param("id")));
  if (found === undefined) throw notFound("recipient");
  return c.json(viewOf(found, scopes));
});

/** 201 for a new one, 200 for one that was there. What is absent is empty. */
recipients.put("/:id", async (c) => {
  const { scopes } = await authorize(c, "send");
  const id = readRecipientId(c.req.param("id"));
  const given = await readJson(c, recipientRequest, maxRecipientBytes);
  const addresses = await readAddresses(given.addresses ?? {});
  const { locale, zone } = given;
  const data = writeData(given.data ?? {});
  const made = { id, locale: locale ?? undefined, zone: zone ?? undefined, data, addresses };
  const outcome = await putRecipient(c.env.DB, made, Date.now());
  if (outcome === "erasing") throw beingErased();
  return answer(c, id, scopes, outcome === "created" ? 201 : 200);
});

/** How often a change is tried again that somebody else has overtaken. */
const maxPatchTries = 5;

recipients.patch("/:id", async (c) => {
  const { scopes } = await authorize(c, "send");
  const id = readRecipientId(c.req.param("id"));
  const given = await readJson(c, recipientPatch, maxRecipientBytes);
  const addresses = await readAddresses(given.addresses ?? {});
  for (let attempt = 1; attempt <= maxPatchTries; attempt++) {
    const found = await findRecipient(c.env.DB, id);
    if (found === undefined) throw notFound("recipient");
    const { locale = found.locale ?? null, zone = found.zone ?? null, data } = given;
    const change = {
      locale,
      zone,
      data:
        data === undefined
          ? found.data
          : writeData(mergePatch(data === null ? {} : JSON.parse(found.data), data ?? {})),
      channels: Object.keys(given.addresses ?? {}),
      addresses,
    };
    const outcome = await changeRecipient(c.env.DB, found, change, Date.now());
    if (outcome === "erasing") throw beingErased();
    if (outcome === "changed") return answer(c, id, scopes, 200);
  }
  throw refusal({ status: 409, code: "conflict", title: "This recipient is being changed by others; try again." });
});

async function answer(
  c: Context<{ Bindings: Env }>,
  id: string,
  scopes: readonly Scope[],
  status: 200 | 201,
): Promise<Response> {
  const found = await findRecipient(c.env.DB, id);
  if (found === undefined) throw beingErased();
  return c.json(viewOf(found, scopes), status, status === 201 ? { location: `/v1/recipients/${id}` } : {});
}

function readCursor(cursor: string): string {
  if (cursor.length > 128) throw invalid([{ field: "cursor", detail: "expected the `nextCursor` of a page" }]);
  return cursor;
}

/** Who only reads sees labels, as everywhere; who sends has given the addresses. */
export function viewOf(
  { id, locale, zone, data, addresses, createdAt, updatedAt }: Recipient,
  scopes: readonly Scope[],
): Record<string, unknown> {
  const isFull = scopes.includes("send") || scopes.includes("admin");
  const byChannel: Record<string, unknown[]> = {};
  for (const { channel, address, label, position } of addresses) {
    (byChannel[channel] ??= []).push({ label, preferred: position === 0, ...(isFull ? { address } : {}) });
  }
  return {
    id,
    locale,
    zone,
    addresses: byChannel,
    ...(isFull ? { data: JSON.parse(data) as unknown } : {}),
    createdAt: iso(createdAt),
    updatedAt: iso(updatedAt),
  };
}
