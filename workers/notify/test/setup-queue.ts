import { afterAll, beforeAll } from "vitest";
import { simulator } from "./worker.ts";

/** QStash, inside the test: what its client asks for it does, and it calls the service when something is due. */
const platformFetch = globalThis.fetch;
let calling: ReturnType<typeof setInterval>;

beforeAll(() => {
  globalThis.fetch = (input, init) => simulator.fetch(input as Request, init as RequestInit);
  calling = setInterval(() => void simulator.flush(undefined, "jobs"), 10);
});

afterAll(() => {
  clearInterval(calling);
  globalThis.fetch = platformFetch;
});
