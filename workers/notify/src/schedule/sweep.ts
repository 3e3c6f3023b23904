import { trimDevices } from "../directory/devices.ts";
import { trimSoftBounces } from "../directory/soft-bounces.ts";
import { noteEndedSuppressions } from "../directory/suppressions.ts";
import { trimTopics } from "../directory/topics.ts";
import { readListeners } from "../directory/endpoints.ts";
import { handOverDirectoryEvents } from "../endpoints/directory-events.ts";
import type { Env } from "../env.ts";
import { allShards, shardStub } from "../ledger/shards.ts";
import { resumeErasures } from "../recipients/erase.ts";

/** The cron's work: every shard looks at itself, learns who listens, and sets its alarm if that was lost. */
export async function sweepShards(env: Env): Promise<void> {
  const now = Date.now();
  // Without the directory they do without: they keep the list that they have.
  const listeners = await readListeners(env.DB).catch(() => undefined);
  const swept = await Promise.allSettled(allShards(env).map((shard) => shardStub(env, shard).sweep(now, listeners)));
  const failed = swept.filter(({ status }) => status === "rejected").length;
  try {
    await trimSoftBounces(env.DB, now);
    await trimDevices(env.DB, now);
    await trimTopics(env.DB);
    await noteEndedSuppressions(env.DB, now);
  } catch {
    console.error(JSON.stringify({ event: "directory-not-trimmed" }));
  }
  await resumeErasures(env).catch(() => {
    console.error(JSON.stringify({ event: "erasures-not-resumed" }));
  });
  if (failed > 0) console.error(JSON.stringify({ event: "sweep-failed", shards: failed }));
  await handOverDirectoryEvents(env).catch(() => {
    console.error(JSON.stringify({ event: "directory-events-not-handed-over" }));
  });
}
