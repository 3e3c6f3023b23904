import type { BroadcastJob } from "./broadcasts.ts";
import type { ChunkJob } from "./claim.ts";
import type { TellJob } from "./deliveries.ts";
import type { IncomingEvent } from "./incoming-event.ts";
import type { LookupJob } from "./lookups.ts";
import type { Effect } from "./outbox.ts";
import type { CountsReport } from "./part-types.ts";
import type { Run } from "./schedules.ts";
import type { Wake } from "./wakes.ts";

/**
 * The stateless entrypoints that a shard hands its work to, as `ctx.exports` offers them in this Worker. Each answers at
 * once and works on by itself.
 */
export interface Entrypoints {
  readonly Deliver: { deliver(job: ChunkJob): Promise<void> };
  readonly Effects: {
    apply(shard: number, effects: readonly Effect[]): Promise<void>;
    tell(job: TellJob): Promise<void>;
    correlate(shard: number, strays: readonly IncomingEvent[]): Promise<void>;
  };
  readonly Recipients: { lookUp(job: LookupJob): Promise<void> };
  readonly Broadcasts: {
    read(job: BroadcastJob): Promise<void>;
    tell(shard: number, reports: readonly CountsReport[]): Promise<void>;
  };
  readonly Schedules: { fire(shard: number, runs: readonly Run[]): Promise<void> };
  readonly Wakes: { publish(wake: Wake): Promise<void> };
}
