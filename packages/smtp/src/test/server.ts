import { readFileSync } from "node:fs";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";

function fixture(name: string): string {
  return readFileSync(new URL(`./fixtures/${name}`, import.meta.url), "utf8");
}

export const key: string = fixture("key.pem");
export const certificate: string = fixture("certificate.pem");

export const credentials = { username: "shop", password: "pässword with spaces" };

/** One message as the server took it. */
export interface Taken {
  readonly from: string;
  readonly to: readonly string[];
  /** As it came, after the doubled dots have been made single again. */
  readonly raw: string;
  readonly isSecure: boolean;
  readonly user: string | undefined;
  readonly name: string;
}

export interface Running {
  readonly port: number;
  close(): Promise<void>;
}

/** What a recipient's name makes the server answer: `refused-550-5.1.1@...`. */
function refusalOf(address: string): Error | undefined {
  const [, code, text] = /^refused-(\d{3})-?([\d.]*)@/.exec(address) ?? [];
  return code ? Object.assign(new Error(`${text} Not here`.trim()), { responseCode: Number(code) }) : undefined;
}

/** A real server, on the loopback interface, which takes mail with and without credentials. */
export async function startServer(options: SMTPServerOptions = {}): Promise<Running & { readonly taken: Taken[] }> {
  const taken: Taken[] = [];
  const server = new SMTPServer({
    key,
    cert: certificate,
    authOptional: true,
    authMethods: ["PLAIN", "LOGIN"],
    disableReverseLookup: true,
    onAuth({ username, password }, _session, callback) {
      const isRight = username === credentials.username && password === credentials.password;
      callback(isRight ? null : new Error("Who are you?"), { user: username });
    },
    onMailFrom: ({ address }, _session, callback) => callback(refusalOf(address)),
    onRcptTo: ({ address }, _session, callback) => callback(refusalOf(address)),
    onData(stream, { envelope, secure, user, hostNameAppearsAs }, callback) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const raw = Buffer.concat(chunks).toString("latin1");
        const refusal = refusalOf(/^Subject: (refused-.*)$/m.exec(raw)?.[1]?.concat("@") ?? "");
        if (refusal) return callback(refusal);
        taken.push({
          from: envelope.mailFrom ? envelope.mailFrom.address : "",
          to: envelope.rcptTo.map(({ address }) => address),
          raw,
          isSecure: secure,
          user: typeof user === "string" ? user : undefined,
          name: hostNameAppearsAs,
        });
        callback(null, "2.0.0 Ok: queued as 4F2A");
      });
    },
    ...options,
  });
  // Connections that break are what some tests are about.
  server.on("error", () => {});
  const port = await listen(server.server);
  return { port, taken, close: () => new Promise((resolve) => server.close(() => resolve())) };
}

/** Says yes to everything until it is to do something else. */
export function agreeable(until: string, then: (socket: Socket) => void): Serve {
  return async (socket, heard) => {
    if (until === "connect") return then(socket);
    socket.write("220 hello\r\n");
    for (let isData = false; ;) {
      const line = await heard();
      if (isData ? until === "." && line === "." : line.startsWith(until)) return then(socket);
      if (isData && line !== ".") continue;
      isData = line === "DATA";
      socket.write(isData ? "354 go on\r\n" : "250 fine\r\n");
    }
  };
}

type Serve = (socket: Socket, heard: () => Promise<string>) => Promise<void>;

/** A server that says what it is told to, and keeps what it hears: for what no proper one would do. */
export async function startScripted(serve: Serve): Promise<Running> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    let text = "";
    let wake = (): void => {};
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      wake();
    });
    /** The next line. */
    const heard = async (): Promise<string> => {
      for (;;) {
        const [line] = /^.*\r\n/.exec(text) ?? [];
        if (line !== undefined) {
          text = text.slice(line.length);
          return line.trimEnd();
        }
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    };
    void serve(socket, heard);
  });
  const port = await listen(server);
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

function listen(server: Pick<Server, "listen" | "address">): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}
