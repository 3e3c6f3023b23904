/**
 * What a Chromium needs of Google to subscribe: check-in, registration, and MCS, the connection that messages come by. Behind
 * it stands the simulator, which this speaks autopush with, as a browser would: so the endpoints are the simulator's own.
 *
 * Source: https://chromium.googlesource.com/chromium/src/+/main/google_apis/gcm/ (read 2026-11-24): `protocol/mcs.proto`,
 * `protocol/checkin.proto`, `engine/connection_handler_impl.cc`, `gcm_client_impl.cc`.
 */
import { createHash, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Server } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import { bytesField, fixed64Field, frame, readFrames, textField, varintField } from "./protobuf.ts";

export interface Google {
  /** Of a Chromium that is to use it. */
  readonly args: readonly string[];
  close(): void;
}

interface Registration {
  /** `wp:https://...`: the subscription, to the browser. */
  readonly app: string;
  /** The VAPID public key. */
  readonly sender: string;
}

const mcsVersion = 41;
const tags = { ping: 0, pong: 1, login: 2, loggedIn: 3, data: 8 } as const;

/** Made for this, of 127.0.0.1: a Chromium is told to take it. */
const fixture = (name: string): Buffer => readFileSync(join(import.meta.dirname, "fixtures", name));

export async function startGoogle(simulatorUrl: string): Promise<Google> {
  const registrations = new Map<string, Registration>();
  const connections = new Set<TLSSocket>();
  const waiting: Buffer[] = [];
  const autopush = await connectAutopush(simulatorUrl, (channel, id, body) => {
    const known = registrations.get(channel);
    if (known === undefined) return;
    const message = frame(tags.data, [
      textField(3, known.sender),
      textField(5, "org.chromium.linux"),
      bytesField(7, Buffer.concat([textField(1, "subtype"), textField(2, known.app)])),
      bytesField(7, Buffer.concat([textField(1, "content-encoding"), textField(2, "aes128gcm")])),
      textField(9, id),
      bytesField(21, body),
    ]);
    if (connections.size === 0) waiting.push(message);
    for (const socket of connections) socket.write(message);
  });

  const web = createServer((request, response) => {
    const answer = request.url === "/checkin" ? checkIn(response) : register(request, response);
    answer.catch(() => response.destroy());
  });

  async function register(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = new URLSearchParams(await text(request));
    const app = form.get("X-subtype") ?? "";
    const sender = form.get("sender") ?? "";
    // To delete is asked for at the same address.
    if (form.get("delete") === "true") {
      response.end(`token=${app}`);
      return;
    }
    const { channel, token } = await autopush.register(sender);
    registrations.set(channel, { app, sender });
    response.end(`token=${token}`);
  }

  const certificate = fixture("loopback.crt");
  const mcs = createTlsServer({ cert: certificate, key: fixture("loopback.key") }, (socket) => {
    socket.on("error", () => socket.destroy());
    socket.on("close", () => connections.delete(socket));
    socket.write(Buffer.of(mcsVersion));
    readFrames(socket, (tag) => {
      if (tag === tags.ping) socket.write(frame(tags.pong, []));
      if (tag !== tags.login) return;
      socket.write(frame(tags.loggedIn, [textField(1, "chrome-63.0.3234.0")]));
      connections.add(socket);
      for (const message of waiting.splice(0)) socket.write(message);
    });
  });

  const [webPort, mcsPort] = [await listen(web), await listen(mcs)];
  const spki = new X509Certificate(certificate).publicKey.export({ type: "spki", format: "der" });
  return {
    args: [
      `--gcm-checkin-url=http://127.0.0.1:${webPort}/checkin`,
      `--gcm-registration-url=http://127.0.0.1:${webPort}/register3`,
      `--gcm-mcs-endpoint=https://127.0.0.1:${mcsPort}`,
      `--ignore-certificate-errors-spki-list=${createHash("sha256").update(spki).digest("base64")}`,
    ],
    close() {
      autopush.close();
      web.closeAllConnections();
      web.close();
      for (const socket of connections) socket.destroy();
      mcs.close();
    },
  };
}

/** A device's numbers, which nobody looks at again. */
async function checkIn(response: ServerResponse): Promise<void> {
  const answer = [varintField(1, 1), varintField(3, Date.now()), fixed64Field(7, 1n), fixed64Field(8, 2n)];
  response.setHeader("content-type", "application/x-protobuf");
  response.end(Buffer.concat(answer));
}

interface AutopushClient {
  register(key: string): Promise<{ readonly channel: string; readonly token: string }>;
  close(): void;
}

/** The simulator's push service, as a browser has it. */
async function connectAutopush(
  simulatorUrl: string,
  received: (channel: string, id: string, body: Buffer) => void,
): Promise<AutopushClient> {
  const socket = new WebSocket(`${simulatorUrl.replace("http", "ws")}/api/push/socket`);
  const registered = new Map<string, (endpoint: string) => void>();
  const say = (message: object): void => socket.send(JSON.stringify(message));
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("error", () => reject(new Error("The simulator has no push service.")));
    socket.addEventListener("open", () => say({ messageType: "hello", use_webpush: true }));
    socket.addEventListener("message", ({ data }: MessageEvent<string>) => {
      const said = JSON.parse(data) as Readonly<Record<string, string>>;
      const { messageType, channelID = "", pushEndpoint = "", version = "" } = said;
      if (messageType === "hello") resolve();
      if (messageType === "register") registered.get(channelID)?.(pushEndpoint);
      if (messageType !== "notification") return;
      received(channelID, version, Buffer.from(said["data"] ?? "", "base64url"));
      say({ messageType: "ack", updates: [{ channelID, version, code: 100 }] });
    });
  });
  return {
    async register(key) {
      const channel = crypto.randomUUID();
      const endpoint = new Promise<string>((resolve) => registered.set(channel, resolve));
      say({ messageType: "register", channelID: channel, key });
      return { channel, token: (await endpoint).split("/").at(-1) ?? "" };
    },
    close: () => socket.close(),
  };
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}
