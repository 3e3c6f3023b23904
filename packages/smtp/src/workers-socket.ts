import { builtin } from "./builtin.ts";
import type { Connection, Target } from "./connection.ts";

/** https://developers.cloudflare.com/workers/runtime-apis/tcp-sockets/ (read 2026-11-23) */
interface WorkersSocket {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  readonly opened: Promise<unknown>;
  readonly closed: Promise<unknown>;
  close(): Promise<void>;
  startTls(): WorkersSocket;
}

interface WorkersSockets {
  connect(
    address: { readonly hostname: string; readonly port: number },
    options: { readonly secureTransport: "on" | "off" | "starttls"; readonly allowHalfOpen: boolean },
  ): WorkersSocket;
}

export async function connect({ host, port, tls, ca }: Target, signal: AbortSignal): Promise<Connection | string> {
  const sockets = await builtin<WorkersSockets>("cloudflare:sockets");
  if (!sockets) return "This runtime has no sockets";
  // To go on without it would be to trust others than the caller named.
  if (ca !== undefined) return "Sockets of Workers take no `ca`";
  let socket = sockets.connect(
    { hostname: host, port },
    { secureTransport: tls ? "on" : "starttls", allowHalfOpen: false },
  );
  const ignore = (): void => {};
  const close = (): void => void socket.close().catch(ignore);
  signal.addEventListener("abort", close);
  if (signal.aborted) close();
  socket.closed.catch(ignore);
  try {
    await socket.opened;
  } finally {
    signal.removeEventListener("abort", close);
  }
  let reader = socket.readable.getReader();
  let writer = socket.writable.getWriter();
  return {
    read: async () => (await reader.read()).value,
    write: (bytes) => writer.write(bytes),
    async startTls() {
      // The old socket's streams must be free.
      reader.releaseLock();
      writer.releaseLock();
      socket = socket.startTls();
      socket.closed.catch(ignore);
      await socket.opened;
      reader = socket.readable.getReader();
      writer = socket.writable.getWriter();
    },
    finish: (bytes) => void writer.write(bytes).then(close, close),
    close,
  };
}
