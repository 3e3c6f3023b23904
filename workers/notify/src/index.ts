import { app } from "./app.ts";
import type { Env } from "./env.ts";
import { sweepShards } from "./schedule/sweep.ts";

export { Broadcasts } from "./broadcast/entrypoint.ts";
export { Deliver } from "./deliver/entrypoint.ts";
export { Lane } from "./lane/lane.ts";
export { Ledger } from "./ledger/ledger.ts";
export { Effects } from "./outbox/entrypoint.ts";
export { Recipients } from "./recipients/entrypoint.ts";
export { Schedules } from "./schedule/entrypoint.ts";
export { Wakes } from "./schedule/wakes-entrypoint.ts";

export default {
  fetch: app.fetch,
  scheduled: (_controller, env, ctx) => ctx.waitUntil(sweepShards(env)),
} satisfies ExportedHandler<Env>;
