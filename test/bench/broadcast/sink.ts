/** A process that is the push service: takes everything after a moment, and tells when each request was there. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { performance } from "node:perf_hooks";

/** A request that was taken: its path, and from when to when it was there, in milliseconds. */
export type Seen = readonly [path: string, from: number, to: number];

/** As far away as a push service in the same city. */
const latencyMs = 5;

let seen: Seen[] = [];
const server = createServer((request, response) => {
  const from = performance.now();
  request.resume();
  request.on("end", () => {
    setTimeout(() => {
      seen.push([request.url ?? "", from, performance.now()]);
      response.writeHead(201, { location: "https://fcm.googleapis.com/0:1", "content-length": 0 }).end();
    }, latencyMs);
  });
});
server.keepAliveTimeout = 600_000;
server.listen(0, "127.0.0.1", () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on("message", (message) => {
  if (message === "count") process.send?.({ count: seen.length });
  if (message !== "take") return;
  process.send?.({ seen });
  seen = [];
});
process.on("disconnect", () => process.exit());
