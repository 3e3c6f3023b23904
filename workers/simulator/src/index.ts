import type { Env } from "./env.ts";

export { SimulatorStore } from "./store.ts";

export default {
  /** One object holds everything, so that each request sees what the one before it left. */
  fetch: (request, env) => env.STORE.get(env.STORE.idFromName("simulator")).fetch(request),
} satisfies ExportedHandler<Env>;
