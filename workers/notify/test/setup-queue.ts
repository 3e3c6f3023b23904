import { afterAll, beforeAll } from "vitest";
import { fetchQueue, queue } from "./queue.ts";
import { simulator } from "./worker.ts";

/** QStash, inside the test: what its client asks for it does, and it calls the service when something is due. */
const platformFetch = globalThis.fetch;
let calling: ReturnType<typeof setInterval>;
let isBusy = false;

async function callDue(): Promise<void> {
  if (isBusy || !queue.calls) return;
  isBusy = true;
  // What is published meanwhile has the next turn: in this one, the invocation that publishes it would call, and end first.
  await simulator.flush(Number.MIN_VALUE, "jobs").finally(() => (isBusy = false));
}

beforeAll(() => {
  globalThis.fetch = fetchQueue as typeof fetch;
  calling = setInterval(() => void callDue(), 10);
});

afterAll(() => {
  clearInterval(calling);
  globalThis.fetch = platformFetch;
});
