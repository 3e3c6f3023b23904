import { WorkerEntrypoint } from "cloudflare:workers";
import type { Env } from "../env.ts";
import type { Wake } from "../ledger/wakes.ts";
import { publishWake } from "./qstash.ts";

/** Asks the queue to call a shard. Answers before it asks, so that the shard never waits for the queue. */
export class Wakes extends WorkerEntrypoint<Env> {
  publish(wake: Wake): void {
    this.ctx.waitUntil(publishWake(this.env, wake));
  }
}
