import { Hono } from "hono";
import type { Context } from "hono";
import * as v from "valibot";
import { expandRequest } from "../accept/expand-request.ts";
import { isIdempotencyKey } from "../accept/idempotency.ts";
import { notificationRequest } from "../accept/request.ts";
import { routeView } from "../accept/route-view.ts";
import { sha256Hex } from "../digest.ts";
import type { Route } from "../dispatch/escalate.ts";
import type { Env } from "../env.ts";
import { formatId, newStem, parseId, randomToken, uuidAt } from "../ids.ts";
import type { ParsedId } from "../ids.ts";
import type { ScheduleDefinition, StoredSchedule } from "../ledger/schedules.ts";
import { allShards, shardOfKey, shardStub } from "../ledger/shards.ts";
import { invalid, notFound, refusal } from "../problem.ts";
import type { FieldError } from "../problem.ts";
import { checkCron, nextRuns } from "../schedule/cron.ts";
import type { ScheduledRequest } from "../schedule/fire.ts";
import { settingsOf } from "../settings.ts";
import { authorize } from "./authorize.ts";
import { readJson } from "./body.ts";
import { readLimit } from "./page.ts";
import { iso } from "./views.ts";

/** Notifications that come again: at the times of a cron expression in a time zone. */
export const schedules = new Hono<{ Bindings: Env }>();

type C = Context<{ Bindings: Env }>;

/** One value of the ledger; content of a single notification may be larger, because it is stored in parts. */
const maxRequestBytes = 1_000_000;

const runsShown = 5;

const scheduleRequest = v.strictObject(
  {
    name: v.optional(
      v.pipe(
        v.string("expected a text"),
        v.minLength(1, "expected 1 to 200 characters"),
        v.maxLength(200, "expected 1 to 200 characters"),
      ),
    ),
    cron: v.pipe(v.string("expected a cron expression"), v.maxLength(200, "expected at most 200 characters")),
    zone: v.optional(v.string("expected an IANA time zone: Europe/Berlin"), "UTC"),
    paused: v.optional(v.boolean("expected true or false"), false),
    /** Due when the run is: so it has no moment of its own, but it may have a `ttl`. */
    notification: v.omit(notificationRequest, ["sendAt", "delay", "expiresAt"]),
  },
  "expected an object",
);

schedules.post("/", async (c) => {
  const { apiKeyId } = await authorize(c, "send");
  const definition = await readDefinition(c);
  const key = c.req.header("idempotency-key");
  if (key !== undefined && !isIdempotencyKey(key)) {
    throw invalid([{ field: "Idempotency-Key", detail: "expected 1 to 255 printable ASCII characters" }]);
  }
  const { shard, uuid } = await newId(c, key === undefined ? undefined : `${apiKeyId}:schedule:${key}`);
  const created = await shardStub(c.env, shard).createSchedule(uuid, definition, Date.now());
  if (created === undefined) {
    throw refusal({
      status: 409,
      code: "idempotency-key-reused",
      title: "This Idempotency-Key was used for another request.",
    });
  }
  const { schedule, repeated } = created;
  return c.json(viewOf(shard, schedule), 201, {
    ...(repeated ? { "idempotency-replayed": "true" } : {}),
    location: `/v1/schedules/${formatId("sch", shard, uuid)}`,
  });
});

schedules.get("/", async (c) => {
  await authorize(c, "read");
  const limit = readLimit(c);
  const cursor = c.req.query("cursor") ?? "";
  if (!/^([0-9a-f]{32})?$/.test(cursor)) {
    throw invalid([{ field: "cursor", detail: "expected the `nextCursor` of a page" }]);
  }
  const pages = await Promise.all(
    allShards(c.env).map(async (shard) => ({
      shard,
      page: await shardStub(c.env, shard).listSchedules(cursor, limit),
    })),
  );
  const merged = pages
    .flatMap(({ shard, page }) => page.map((schedule) => ({ shard, schedule })))
    .sort((a, b) => (a.schedule.uuid < b.schedule.uuid ? -1 : 1))
    .slice(0, limit);
  return c.json({
    schedules: merged.map(({ shard, schedule }) => viewOf(shard, schedule)),
    nextCursor: merged.length === limit ? merged.at(-1)?.schedule.uuid : undefined,
  });
});

schedules.get("/:id", async (c) => {
  await authorize(c, "read");
  const { shard, uuid } = readId(c);
  return found(c, shard, await shardStub(c.env, shard).readSchedule(uuid));
});

schedules.put("/:id", async (c) => {
  await authorize(c, "send");
  const { shard, uuid } = readId(c);
  const definition = await readDefinition(c);
  return found(c, shard, await shardStub(c.env, shard).changeSchedule(uuid, definition, Date.now()));
});

schedules.delete("/:id", async (c) => {
  await authorize(c, "send");
  const { shard, uuid } = readId(c);
  if (!(await shardStub(c.env, shard).removeSchedule(uuid))) throw notFound("schedule");
  return c.body(null, 204);
});

schedules.post("/:id/pause", (c) => setPaused(c, true));

/** Runs that were missed meanwhile are not made up for: pausing was meant. */
schedules.post("/:id/resume", (c) => setPaused(c, false));

async function setPaused(c: C, paused: boolean): Promise<Response> {
  await authorize(c, "send");
  const { shard, uuid } = readId(c);
  const known = await shardStub(c.env, shard).readSchedule(uuid);
  // Planned anew, a run that is just being made would be passed over.
  if (known?.paused === paused) return found(c, shard, known);
  return found(c, shard, await shardStub(c.env, shard).changeSchedule(uuid, { paused }, Date.now()));
}

/** Checks all that the runs would stumble over, as far as it can be known now. */
async function readDefinition(c: C): Promise<ScheduleDefinition> {
  const { name, cron, zone, paused, notification } = await readJson(c, scheduleRequest);
  const now = new Date();
  const errors: FieldError[] = [...checkCron({ cron, zone }, now.getTime())];
  const expanded = await expandRequest(notification, settingsOf(c.env), now);
  if (!expanded.ok) {
    errors.push(...expanded.errors.map(({ field, detail }) => ({ field: `notification.${field}`, detail })));
  }
  if (errors.length > 0 || !expanded.ok) throw invalid(errors);
  const to = expanded.notification.messages.flatMap(({ addresses, recipientId }) =>
    recipientId === undefined ? addresses.map(({ label }) => label) : recipientId,
  );
  const planned = expanded.notification.route;
  const route = planned && routeView(JSON.parse(planned.route) as Route);
  const request = JSON.stringify({ request: notification, to, route } satisfies ScheduledRequest);
  if (new TextEncoder().encode(request).length > maxRequestBytes) {
    throw invalid([{ field: "notification", detail: `expected at most ${maxRequestBytes} bytes` }]);
  }
  return { name, cron, zone, paused, request };
}

/** Of a key: the same for the same key, so that the same request twice makes one schedule. */
async function newId(c: C, key: string | undefined): Promise<ParsedId> {
  if (key !== undefined) return { shard: await shardOfKey(c.env, key), uuid: (await sha256Hex(key)).slice(0, 32) };
  const uuid = uuidAt(newStem(new Date()), 0);
  return { shard: await shardOfKey(c.env, uuid + randomToken(4)), uuid };
}

function readId(c: C): ParsedId {
  const id = parseId("sch", c.req.param("id") ?? "", settingsOf(c.env).shards);
  if (id === undefined) throw notFound("schedule");
  return id;
}

function found(c: C, shard: number, schedule: StoredSchedule | undefined): Response {
  if (schedule === undefined) throw notFound("schedule");
  return c.json(viewOf(shard, schedule));
}

function viewOf(shard: number, schedule: StoredSchedule): Record<string, unknown> {
  const { uuid, name, cron, zone, paused, nextRunAt, lastRun, createdAt, updatedAt } = schedule;
  const { request, to, route } = JSON.parse(schedule.request) as ScheduledRequest;
  const { channel, priority, category, providers, content } = request;
  const later = nextRunAt === undefined ? [] : [nextRunAt, ...nextRuns({ cron, zone }, nextRunAt, runsShown - 1)];
  return {
    id: formatId("sch", shard, uuid),
    name,
    cron,
    zone,
    paused,
    nextRuns: later.map(iso),
    lastRun: lastRun && {
      at: iso(lastRun.runAt),
      firedAt: iso(lastRun.firedAt),
      notification: lastRun.notification,
      refused: lastRun.refused,
    },
    notification: { channel, route, to, priority, category, providers, subject: content?.["subject"] },
    createdAt: iso(createdAt),
    updatedAt: iso(updatedAt),
  };
}
