import { sha256Hex, fromBase64 } from "../wire/bytes.ts";
import { parseCron } from "./cron.ts";
import { publish } from "./publish.ts";
import type { Schedule } from "./record.ts";
import type { Records } from "./records.ts";
import { Refusal } from "./refusal.ts";

/** When a schedule runs next; undefined when it never does, or cannot be read. */
export function nextRunMs(cron: string, afterMs: number): number | undefined {
  const plan = parseCron(cron);
  return typeof plan === "string" ? undefined : plan.nextAfterMs(afterMs);
}

/** Publishes the messages of the schedules that are due. Turns that were missed come to one. */
export async function runSchedules(records: Records, nowMs: number): Promise<void> {
  for (const schedule of records.schedules.due(nowMs)) {
    const bodyHash = await sha256Hex(fromBase64(schedule.bodyBase64));
    // Deleted, paused or changed while the hash was made.
    if (records.schedules.get(schedule.id)?.nextAtMs !== schedule.nextAtMs) continue;
    runNow(records, schedule, bodyHash, nowMs);
  }
}

function runNow(records: Records, schedule: Schedule, bodyHash: string, nowMs: number): void {
  const { destination, options, bodyBase64, queueName, callerIp, region } = schedule;
  const origin = { callerIp, region, queueName, scheduleId: schedule.id };
  let lastStates: Record<string, "IN_PROGRESS"> = {};
  try {
    const published = [publish(records, { destination, options, origin, bodyBase64, bodyHash }, nowMs)].flat();
    lastStates = Object.fromEntries(published.map(({ messageId }) => [messageId, "IN_PROGRESS"]));
  } catch (error) {
    // Its URL group is gone.
    if (!(error instanceof Refusal)) throw error;
  }
  records.schedules.put({ ...schedule, lastAtMs: nowMs, lastStates, nextAtMs: nextRunMs(schedule.cron, nowMs) });
}
