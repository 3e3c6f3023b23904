import { builtin } from "./builtin.ts";
import type { Connection, Target } from "./connection.ts";

/** Of Node's sockets what is used here: Bun and Deno have it, too. */
interface Socket {
  on(event: "data", listener: (chunk: Uint8Array) => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "end" | "close", listener: () => void): unknown;
  once(event: "connect" | "secureConnect", listener: () => void): unknown;
  off(event: "data", listener: (chunk: Uint8Array) => void): unknown;
  write(bytes: Uint8Array, done: (error?: Error | null) => void): unknown;
  end(bytes: Uint8Array, done: () => void): unknown;
  pause(): unknown;
  resume(): unknown;
  destroy(): unknown;
}

interface Net {
  connect(options: { readonly host: string; readonly port: number }): Socket;
  /** 0 for what is no IP address. */
  isIP(host: string): number;
}

interface Tls {
  connect(options: {
    readonly host: string;
    readonly servername: string;
    readonly ca: string | undefined;
    readonly port?: number;
    readonly socket?: Socket;
  }): Socket;
}

export async function connect(
  { host, port, tls: isSecure, ca }: Target,
  signal: AbortSignal,
): Promise<Connection | string> {
  const [net, tls] = await Promise.all([builtin<Net>("node:net"), builtin<Tls>("node:tls")]);
  if (!net || !tls) return "This runtime has no sockets";
  // RFC 6066 section 3: an address is no server name. The certificate is checked against the host all the same.
  const secure = { host, servername: net.isIP(host) ? "" : host, ca };
  const plain = isSecure ? undefined : net.connect({ host, port });
  let flow = flowOf(plain ?? tls.connect({ ...secure, port }));
  const close = (): void => void flow.socket.destroy();
  signal.addEventListener("abort", close);
  if (signal.aborted) close();
  try {
    await flow.opened(plain ? "connect" : "secureConnect");
  } finally {
    signal.removeEventListener("abort", close);
  }
  return {
    read: () => flow.read(),
    write: (bytes) =>
      new Promise((resolve, reject) => {
        flow.socket.write(bytes, (error) => (error ? reject(error) : resolve()));
      }),
    async startTls() {
      flow.release();
      flow = flowOf(tls.connect({ ...secure, socket: flow.socket }));
      await flow.opened("secureConnect");
    },
    finish: (bytes) => void flow.socket.end(bytes, close),
    close,
  };
}

interface Flow {
  readonly socket: Socket;
  /** Waits for the event. Rejects where the socket fails or ends before it. */
  opened(event: "connect" | "secureConnect"): Promise<void>;
  read(): Promise<Uint8Array | undefined>;
  /** Leaves what comes next to somebody else. */
  release(): void;
}

/** Of up to 64 kB each. */
const maxChunks = 16;

/** What a socket says, to be asked for. */
function flowOf(socket: Socket): Flow {
  const chunks: Uint8Array[] = [];
  let isOver = false;
  let failed: Error | undefined;
  let wake = (): void => {};
  const take = (chunk: Uint8Array): void => {
    // Whoever talks on while nobody listens fills no memory.
    if (chunks.push(chunk) > maxChunks) socket.pause();
    wake();
  };
  const end = (): void => {
    isOver = true;
    wake();
  };
  socket.on("data", take);
  socket.on("end", end);
  socket.on("close", end);
  // For good: an error that nobody listens to ends the process.
  socket.on("error", (error: Error) => {
    failed ??= error;
    end();
  });
  const changed = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
    });
  return {
    socket,
    async opened(event) {
      let isOpen = false;
      socket.once(event, () => {
        isOpen = true;
        wake();
      });
      while (!isOpen && !isOver) await changed();
      if (!isOpen) throw failed ?? new Error("The connection ended");
    },
    async read() {
      while (chunks.length === 0 && !isOver) await changed();
      const chunk = chunks.shift();
      if (chunks.length === maxChunks) socket.resume();
      if (!chunk && failed) throw failed;
      return chunk;
    },
    release: () => void socket.off("data", take),
  };
}
