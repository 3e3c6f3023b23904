import type { Connection, Target } from "./connection.ts";

/**
 * Connects by what the runtime has: the sockets of Workers, which need no Node compatibility there, or else Node's, which
 * Bun and Deno have, too.
 *
 * Errors: gives a sentence where the runtime has no such connections. Rejects when the connection or its TLS fails, and when
 * the signal aborts.
 */
export async function open(target: Target, signal: AbortSignal): Promise<Connection | string> {
  const isWorkers = typeof navigator === "object" && navigator.userAgent === "Cloudflare-Workers";
  const { connect } = await (isWorkers ? import("./workers-socket.ts") : import("./node-socket.ts"));
  return connect(target, signal);
}
