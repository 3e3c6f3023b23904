/** What runs in workerd: builds so many requests, so many at once. The caller holds the clock: workerd's stands still. */
import { pushRequests } from "./push-requests.ts";
import type { Once, Side } from "./case.ts";

export interface Work {
  readonly name: string;
  readonly side: Side;
  readonly inFlight: number;
  readonly count: number;
}

const made = new Map<string, Once>();

export default {
  async fetch(request: Request): Promise<Response> {
    const { name, side, inFlight, count } = (await request.json()) as Work;
    try {
      const key = `${side}: ${name}`;
      const once = made.get(key) ?? (await pushRequests.find((one) => one.name === name)![side]({ sink: "" }));
      made.set(key, once);
      let left = count;
      const worker = async (): Promise<void> => {
        while (left-- > 0) await once();
      };
      await Promise.all(Array.from({ length: inFlight }, worker));
      return new Response("done");
    } catch (error) {
      return new Response(String(error), { status: 500 });
    }
  },
};
