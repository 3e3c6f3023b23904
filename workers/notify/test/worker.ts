import { createSimulator } from "@carillon/simulator";
import { WorkerEntrypoint, exports } from "cloudflare:workers";
import worker from "../src/index.ts";

export { Broadcasts, Deliver, Effects, Lane, Ledger, Recipients, Schedules, Wakes } from "../src/index.ts";

/** The other side of the wire, in the same isolate as the tests: what it received and was told stands in its store. */
export const simulator = createSimulator({
  webhookTarget: "https://carillon.test",
  deliver: (url, init) =>
    (exports as unknown as { default: Fetcher }).default.fetch(url, init as RequestInit<RequestInitCfProperties>),
});

export class SimulatorForTests extends WorkerEntrypoint {
  override fetch(request: Request): Promise<Response> {
    return simulator.fetch(request);
  }
}

export default worker;
