import type { Context } from "hono";
import * as v from "valibot";
import { duration, moment, readWhen } from "../accept/when.ts";
import type { Env } from "../env.ts";
import { formatId, parseId } from "../ids.ts";
import type { ParsedId } from "../ids.ts";
import type { CanceledBroadcast } from "../ledger/broadcasts.ts";
import type { Change } from "../ledger/cancel.ts";
import { shardStub } from "../ledger/shards.ts";
import type { TooLate } from "../ledger/too-late.ts";
import { invalid, notFound, refusal } from "../problem.ts";
import type { FieldError } from "../problem.ts";
import { settingsOf } from "../settings.ts";
import { authorize } from "./authorize.ts";
import { readJson } from "./body.ts";
import { broadcastView } from "./broadcast-view.ts";
import { iso } from "./views.ts";

/** Calling messages back, and moving them: of one message, or of all of a notification. */

type C = Context<{ Bindings: Env }>;
type Kind = "ntf" | "msg";

const names = { ntf: "notification", msg: "message" } as const;

const titles: Readonly<Record<TooLate, string>> = {
  "may-have-been-sent": "It may have been sent: a request is under way, or one was made whose outcome is unknown.",
  "already-finished": "It has come to its end.",
  "already-tried": "It has been tried, and waits for its next try: it can be cancelled, not moved.",
};

const messageMove = { sendAt: v.optional(moment), delay: v.optional(duration) };

/** An expiry is the notification's: it cannot be moved for one message. */
const moveRequests = {
  msg: v.strictObject(messageMove, "expected an object"),
  ntf: v.strictObject(
    { ...messageMove, expiresAt: v.optional(moment), ttl: v.optional(duration) },
    "expected an object",
  ),
};

/** `POST .../:id/cancel` */
export async function cancelTarget(c: C, kind: Kind): Promise<Response> {
  await authorize(c, "send");
  const id = readId(c, kind);
  const changes = await shardStub(c.env, id.shard).cancel({ kind, uuid: id.uuid }, Date.now());
  if (changes === undefined) throw notFound(names[kind]);
  if ("broadcast" in changes) return answerOfBroadcast(c, id, changes);
  return answer(c, kind, id, changes, "canceled");
}

/** `POST .../:id/reschedule` */
export async function rescheduleTarget(c: C, kind: Kind): Promise<Response> {
  await authorize(c, "send");
  const id = readId(c, kind);
  const request: v.InferOutput<(typeof moveRequests)["ntf"]> = await readJson(c, moveRequests[kind]);
  const now = new Date();
  const errors: FieldError[] = [];
  const when = readWhen(request, now, (field, detail) => void errors.push({ field, detail }));
  if (request.sendAt === undefined && request.delay === undefined) {
    errors.push({ field: "sendAt", detail: "expected `sendAt` or `delay`" });
  }
  if (errors.length > 0) throw invalid(errors);
  const { sendAt, expiresAt, notices } = when;
  const changes = await shardStub(c.env, id.shard).reschedule(
    { kind, uuid: id.uuid },
    { sendAt, expiresAt },
    now.getTime(),
  );
  if (changes === undefined) throw notFound(names[kind]);
  if ("outcome" in changes) {
    if (changes.outcome === "moved") return c.json({ id: c.req.param("id"), sendAt: iso(sendAt), ...told(notices) });
    throw refusal({
      status: 409,
      code: "already-tried",
      title: "Its members are being read: it can be cancelled, not moved.",
    });
  }
  if ("expiresAt" in changes) {
    throw invalid([{ field: "sendAt", detail: `expected a time before it expires, ${iso(changes.expiresAt)}` }]);
  }
  return answer(c, kind, id, changes, "rescheduled", {
    sendAt: iso(sendAt),
    ...told(notices),
  });
}

function told(notices: readonly FieldError[]): object {
  return notices.length > 0 ? { notices } : {};
}

/** What is with a provider by now, or about to be, is not called back. */
function answerOfBroadcast(c: C, { shard, uuid }: ParsedId, { broadcast, isTooLate }: CanceledBroadcast): Response {
  const view = broadcastView(broadcast);
  if (!isTooLate) return c.json({ id: formatId("ntf", shard, uuid), broadcast: view });
  const code = "already-finished";
  throw refusal({ status: 409, code, title: titles[code], members: { broadcast: view } });
}

function readId(c: C, kind: Kind): ParsedId {
  const id = parseId(kind, c.req.param("id") ?? "", settingsOf(c.env).shards);
  if (id === undefined) throw notFound(names[kind]);
  return id;
}

/** 200 when anything is as was asked; else 409, by the reason that says most. */
function answer(
  c: C,
  kind: Kind,
  { shard, uuid }: ParsedId,
  changes: readonly Change[],
  done: "canceled" | "rescheduled",
  more: object = {},
): Response {
  const late = changes.filter(({ tooLate }) => tooLate !== undefined);
  const views = late.map((one) => ({
    id: formatId("msg", shard, one.uuid),
    status: one.status,
    because: one.tooLate,
  }));
  const routes = changes.filter(({ isRoute }) => isRoute).length;
  const counts = {
    [done]: changes.length - late.length - routes,
    tooLate: late.length,
    messages: views,
    // People whose next steps are not started any more.
    ...(routes > 0 ? { routes } : {}),
  };
  if (late.length === changes.length) {
    const reasons = (["may-have-been-sent", "already-tried", "already-finished"] as const).filter((reason) =>
      late.some(({ tooLate }) => tooLate === reason),
    );
    const code = reasons[0] ?? "already-finished";
    const [only] = views;
    throw refusal({
      status: 409,
      code,
      title: titles[code],
      members: kind === "msg" ? { message: { id: only?.id, status: only?.status } } : counts,
    });
  }
  const id = formatId(kind, shard, uuid);
  return c.json(kind === "msg" ? { id, status: changes[0]?.status, ...more } : { id, ...counts, ...more });
}
