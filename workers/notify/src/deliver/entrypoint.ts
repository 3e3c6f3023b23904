import { WorkerEntrypoint } from "cloudflare:workers";
import type { Env } from "../env.ts";
import type { ChunkJob } from "../ledger/claim.ts";
import { deliverChunk } from "./deliver.ts";

/** Sends what a shard has claimed. Stateless, and answers before it works, so that the shard never waits for a provider. */
export class Deliver extends WorkerEntrypoint<Env> {
  deliver(job: ChunkJob): void {
    this.ctx.waitUntil(deliverChunk(this.env, job));
  }
}
