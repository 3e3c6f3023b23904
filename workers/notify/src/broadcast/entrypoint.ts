import { WorkerEntrypoint } from "cloudflare:workers";
import type { Env } from "../env.ts";
import type { BroadcastJob } from "../ledger/broadcasts.ts";
import type { CountsReport } from "../ledger/part-types.ts";
import { readBroadcast } from "./read.ts";
import { tellCounts } from "./tell.ts";

/** Reads the members of topics, and brings counts home. Answers at once; what is not settled is handed out again. */
export class Broadcasts extends WorkerEntrypoint<Env> {
  read(job: BroadcastJob): void {
    this.ctx.waitUntil(
      readBroadcast(this.env, job).catch(() => {
        // The page is read again when the lease ends.
        console.error(JSON.stringify({ event: "broadcast-page-failed", shard: job.head.home }));
      }),
    );
  }

  tell(shard: number, reports: readonly CountsReport[]): void {
    this.ctx.waitUntil(
      tellCounts(this.env, shard, reports).catch(() => {
        console.error(JSON.stringify({ event: "counts-not-told", shard }));
      }),
    );
  }
}
