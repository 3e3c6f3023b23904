import { isConnectionCut, namesProvider } from "@carillon/simulator";
import type { Env } from "./env.ts";

export { SimulatorStore } from "./store.ts";

export default {
  /** One object holds everything, so that each request sees what the one before it left. */
  async fetch(request, env) {
    try {
      return await env.STORE.get(env.STORE.idFromName("simulator")).fetch(request);
    } catch (error) {
      // Who calls through a service binding names the provider's host, and gets it as the failure of its `fetch`.
      if (!isConnectionCut(error) || namesProvider(new URL(request.url))) throw error;
      return brokenOff();
    }
  },
} satisfies ExportedHandler<Env>;

/** Until what was written is on its way. */
const flushMs = 50;

/** A socket would get a page about the error. An answer that ends before its body does is a cut connection as well. */
function brokenOff(): Response {
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      controller.enqueue(new TextEncoder().encode("{"));
      await scheduler.wait(flushMs);
      controller.error(new Error("cut"));
    },
  });
  return new Response(body, { headers: { "content-type": "application/json" } });
}
