import { WorkerEntrypoint } from "cloudflare:workers";
import type { Env } from "../env.ts";
import type { Run } from "../ledger/schedules.ts";
import { fireRuns } from "./fire.ts";

/** Makes the notifications of a shard's schedules. Answers at once; a run that is not settled is handed out again. */
export class Schedules extends WorkerEntrypoint<Env> {
  fire(shard: number, runs: readonly Run[]): void {
    this.ctx.waitUntil(fireRuns(this.env, shard, runs));
  }
}
