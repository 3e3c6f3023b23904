/** A connection as bytes, whatever runtime it is of. */
export interface Connection {
  /** The next bytes; undefined at the end. Rejects where the connection broke. */
  read(): Promise<Uint8Array | undefined>;
  write(bytes: Uint8Array): Promise<void>;
  /** Turns it into TLS (RFC 3207), with the server's certificate checked. Once, with nothing read or written meanwhile. */
  startTls(): Promise<void>;
  /** Writes this, and closes when it has gone. Does not wait. */
  finish(bytes: Uint8Array): void;
  /** Drops it: what is read or written then fails. */
  close(): void;
}

export interface Target {
  readonly host: string;
  readonly port: number;
  /** From the first byte. */
  readonly tls: boolean;
  readonly ca: string | undefined;
}

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
