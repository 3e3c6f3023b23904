import type { RawWebhook, SignatureScheme, WebhookSource } from "carillon";
import { ConfigurationError } from "carillon";
import { expect, test } from "vitest";
import { encode } from "./bytes.ts";
import { webhookChecks, type WebhookSuite } from "./webhook-checks.ts";
import type { WebhookKey, WebhookParts } from "./webhook-keys.ts";

// The kit on trial, as in webhook-checks.test.ts: signatures that travel in the body, and cover fields of the request.

type Json = Readonly<Record<string, unknown>>;

const hook = "https://example.com/hook?tenant=7";

async function sign(secret: string, text: string): Promise<string> {
  const key = await crypto.subtle.importKey("raw", encode(secret), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const signature = new Uint8Array(await crypto.subtle.sign("HMAC", key, encode(text)));
  return Array.from(signature, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function objectOf(body: Uint8Array): Json | undefined {
  try {
    const json: unknown = JSON.parse(new TextDecoder().decode(body));
    return typeof json === "object" && json !== null && !Array.isArray(json) ? (json as Json) : undefined;
  } catch {
    return undefined;
  }
}

/** Signs time and URL, and writes both time and signature into the body, of which nothing is covered. */
function key(secret: string): WebhookKey<string> {
  return {
    option: secret,
    covers: "fields",
    toleranceSeconds: 60,
    replayGuard: true,
    async sign({ url }, at) {
      const time = String(Math.floor(at.getTime() / 1000));
      return { time, signature: await sign(secret, time + url) };
    },
    place(request, proof) {
      const json = objectOf(request.body);
      return json && { ...request, body: encode(JSON.stringify({ ...json, proof })) };
    },
    fields: {
      read: ({ url }) => ({ url }),
      write: (request: WebhookParts, { url = "https://example.com/" }) => ({ ...request, url }),
    },
  };
}

const fixtures = {
  "./fixtures/webhook/delivered/request.http": `POST ${hook}\ncontent-type: application/json\n\n{"id":"e1"}`,
  "./fixtures/webhook/delivered/events.json": JSON.stringify([
    {
      id: "e1",
      provider: "acme",
      type: "delivered",
      occurredAt: "2026-01-02T03:04:05.000Z",
      providerType: "delivered",
    },
  ]),
};

const parse: WebhookSource["parse"] = ({ json }) => {
  const id = (json as { readonly id?: unknown } | undefined)?.id;
  if (typeof id !== "string") return { events: [] };
  const occurredAt = new Date("2026-01-02T03:04:05Z");
  return { events: [{ id, provider: "acme", type: "delivered", occurredAt, providerType: "delivered", raw: json }] };
};

interface Flaws {
  readonly replayKey?: SignatureScheme["replayKey"];
  readonly urlOf?: (url: string) => string;
}

function suite(flaws: Flaws = {}): WebhookSuite<string> {
  const proofOf = ({ body }: RawWebhook): Json => (objectOf(body)?.["proof"] ?? {}) as Json;
  const { urlOf = (url) => url } = flaws;
  const create = (secret: string | readonly string[]): WebhookSource => {
    const secrets = [secret].flat();
    if (secrets.length === 0 || !secrets.every((each) => each?.trim())) throw new ConfigurationError("acme", ["blank"]);
    const scheme: SignatureScheme = {
      kind: "hmac",
      covers: "fields",
      headers: [],
      toleranceSeconds: 60,
      timestampSeconds: (raw) => Number(proofOf(raw)["time"]),
      replayKey: (raw) => String(proofOf(raw)["signature"]),
      async verify(raw) {
        const { time, signature } = proofOf(raw);
        if (!/^\d{10}$/.test(String(time))) return false;
        const rights = await Promise.all(secrets.map((each) => sign(each, time + urlOf(raw.url))));
        return rights.some((right) => right === signature);
      },
      ...("replayKey" in flaws && { replayKey: flaws.replayKey as never }),
    };
    return { id: "acme", scheme, parse };
  };
  return { create, keys: [key("first secret"), key("other secret")], fixtures };
}

async function failures(subject: WebhookSuite<string>): Promise<readonly string[]> {
  const failed: string[] = [];
  for (const { name, run } of webhookChecks(subject)) await run().catch(() => failed.push(name));
  return failed;
}

const once = "takes a captured signature under no other body";

test("passes a sound receiver, and derives what its bodies cannot carry", async () => {
  expect(await failures(suite())).toEqual([]);
  const names = webhookChecks(suite()).map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining([once, "rejects any character of a covered field changed"]));
  expect(names).toEqual(
    expect.arrayContaining([
      "rejects null, which has no place for a signature",
      "parses {} to a list of events when it is signed",
    ]),
  );
});

test("fails a receiver that leaves a field uncovered", async () => {
  const failed = await failures(suite({ urlOf: () => hook }));
  expect(failed).toEqual(["rejects any character of a covered field changed"]);
});

test.each([
  ["names no replay key", undefined],
  ["names none for this one", () => undefined],
  ["names one by the body", ({ body }: RawWebhook) => String(body.length)],
  ["names all alike", () => "same"],
])("fails a receiver that %s", async (_, replayKey) => {
  expect(await failures(suite({ replayKey }))).toEqual([once]);
});
