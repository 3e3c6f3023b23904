import { WorkerEntrypoint } from "cloudflare:workers";
import type { Env } from "../env.ts";
import type { LookupJob } from "../ledger/lookups.ts";
import { lookUp } from "./look-up.ts";

/** Asks the directory for a shard. Answers at once; what is not settled is handed out again. */
export class Recipients extends WorkerEntrypoint<Env> {
  lookUp(job: LookupJob): void {
    this.ctx.waitUntil(lookUp(this.env, job));
  }
}
