import { Hono } from "hono";
import { listTroubled } from "../directory/endpoints.ts";
import type { Env } from "../env.ts";
import type { Pulse } from "../ledger/pulse.ts";
import { allShards, shardStub } from "../ledger/shards.ts";
import { settingsOf } from "../settings.ts";
import { foreignEvents, lanesView, statusesRepaired, troubledLanes } from "./health-lanes.ts";
import { schedulerView } from "./health-scheduler.ts";
import { disabledView } from "./endpoint-views.ts";
import { iso } from "./views.ts";

export const health = new Hono<{ Bindings: Env }>();

/** Anything that is this late means that the service does not do its work. */
const unhealthyAfterMs = 300_000;

/** The answer is shared for a moment: nobody should be able to keep the shards busy by asking. */
const sharedForMs = 2_000;
let shared: { readonly until: number; readonly status: 200 | 503; readonly body: unknown } | undefined;

/** Without a key, for monitors: names and ages, no contents and no values. */
health.get("/", async (c) => {
  const now = Date.now();
  if (shared === undefined || shared.until <= now)
    shared = { until: now + sharedForMs, ...(await examine(c.env, now)) };
  return c.json(shared.body as object, shared.status, { "cache-control": "no-store" });
});

async function examine(env: Env, now: number): Promise<{ status: 200 | 503; body: unknown }> {
  const settings = settingsOf(env);
  const pulses = await Promise.allSettled(allShards(env).map((shard) => shardStub(env, shard).pulse(now)));
  const directory = await env.DB.prepare("SELECT 1 FROM api_key LIMIT 1")
    .first()
    .then(
      () => "reachable",
      () => "unreachable",
    );
  const troubled = await listTroubled(env.DB).catch(() => []);
  const late = pulses.some((pulse) => pulse.status === "rejected" || pulse.value.lateMs >= unhealthyAfterMs);
  const healthy = !late && directory === "reachable";
  const seen = pulses.flatMap((pulse) => (pulse.status === "fulfilled" ? pulse.value : []));
  return {
    status: healthy ? 200 : 503,
    body: {
      status: healthy ? "ok" : "late",
      environment: settings.environment,
      guard: settings.guard === "live" ? "live" : "on",
      directory,
      providers: settings.known.map(({ id, channel }) => ({
        id,
        channel,
        sends: settings.providers[channel]?.some((provider) => provider.id === id) ?? false,
        receives: settings.webhooks.has(id),
      })),
      // An app that does not answer is said, and is no reason to call the service unhealthy.
      endpoints: troubled.map(({ id, failingSince, ...rest }) => ({
        id,
        ...disabledView(rest),
        failingSince: failingSince === undefined ? undefined : iso(failingSince),
      })),
      problems: settings.problems,
      // What is not woken by QStash goes out by the shards' own alarms: no reason to call the service unhealthy.
      scheduler: schedulerView(
        settings.scheduler,
        seen.flatMap(({ waking }) => waking ?? []),
      ),
      lanes: lanesView(settings, seen),
      // Somebody must mend these; the messages go over other lanes, or wait.
      unauthorizedLanes: troubledLanes(
        seen.flatMap(({ troubles = [] }) => troubles),
        now,
      ),
      webhooksOfOtherEnvironments: foreignEvents(seen.flatMap(({ tallies = [] }) => tallies)),
      statusesRepaired: statusesRepaired(seen.flatMap(({ tallies = [] }) => tallies)),
      shards: pulses.map((pulse, shard) =>
        pulse.status === "fulfilled" ? viewOf(pulse.value) : { shard, unreachable: true },
      ),
    },
  };
}

function viewOf({
  shard,
  oldestDueAt,
  oldestLeaseAt,
  oldestOutboxAt,
  oldestDeliveryAt,
  outboxDepth,
  alarmAt,
  alarmLateMs,
  lateMs,
}: Pulse): object {
  const at = (moment: number | undefined): string | null => (moment === undefined ? null : iso(moment));
  return {
    shard,
    oldestDueAt: at(oldestDueAt),
    oldestLeaseAt: at(oldestLeaseAt),
    outboxDepth,
    oldestOutboxAt: at(oldestOutboxAt),
    oldestDeliveryAt: at(oldestDeliveryAt),
    alarmAt: at(alarmAt),
    alarmLateMs,
    lateMs,
  };
}
