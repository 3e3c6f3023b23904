import type { WebPushContent } from "../message.ts";
import { decryptPush, UndecryptableError } from "../push/decrypt.ts";
import { findSubscription } from "../push/fake-browser.ts";
import type { BrowserKeys } from "../push/keys.ts";
import { type PushService, readEndpoint } from "../push/services.ts";
import type { Answer, ApiRequest, Handled, Known, Route } from "../route.ts";
import { randomBytes, toBase64Url } from "../wire/bytes.ts";
import { objectOf, parseJson } from "../wire/json.ts";
import { type PushError, pushAnswer } from "./webpush/errors.ts";
import { fateOf } from "./webpush/fates.ts";
import { readVapid, type Vapid } from "./webpush/vapid.ts";

// Sources: RFC 8030, 8188, 8291, 8292, and what `webpush/errors.ts` names. Unlike the services, the simulator knows the
// fake browsers: it decrypts what arrives, and a message that a browser would drop is kept as failed, its sender told nothing.
// What is for a real browser goes on to it, as it came.

/** RFC 8291 section 4. */
const maxBodyBytes = 4096;

const requestHeaders = {
  urgency: /^(very-low|low|normal|high)$/,
  topic: /^[\w-]{1,32}$/,
} as const;

function refuse(service: PushService, error: PushError): Handled {
  return { answer: pushAnswer(service, error, error === "too-many" ? 60 : undefined), messages: [], note: error };
}

/** Whoever has an endpoint: a fake browser, whose keys are known, or a real one. */
interface Receiver {
  readonly name: string;
  isMadeWith(key: string): boolean | Promise<boolean>;
  /** Of a real browser nobody knows them. */
  readonly keys?: BrowserKeys | undefined;
  readonly token?: string | undefined;
}

async function findReceiver(endpoint: string, known: Known): Promise<Receiver | undefined> {
  const fake = await findSubscription(endpoint);
  if (fake) return fake;
  const { service, token = "" } = readEndpoint(endpoint) ?? {};
  // Chromium puts its own push service before whatever it is registered as.
  const real = service === "simulator" || service === "chromium" ? known.subscription(token) : undefined;
  if (!real) return undefined;
  const { channel, key } = real;
  return { name: `browser-${channel.slice(0, 8)}`, isMadeWith: (sender) => key === undefined || key === sender, token };
}

async function handle(request: ApiRequest, known: Known): Promise<Handled> {
  const { method, headers, bytes, host, path, nowMs } = request;
  const { search, origin } = new URL(request.url);
  const endpoint = `https://${host}${path}${search}`;
  const { service = "simulator" } = readEndpoint(endpoint) ?? {};
  const browser = await findReceiver(endpoint, known);
  if (!browser) return refuse(service, "unknown-endpoint");
  if (method !== "POST") return refuse(service, "method");
  const fate = fateOf(browser.name);
  if (fate) return refuse(service, fate);
  const wrong = headerProblem(service, request);
  if (wrong) return refuse(service, wrong);
  const authorization = headers.get("authorization");
  if (authorization === null) return refuse(service, "no-credentials");
  // Where the host stands in the path, a client may know that, or have taken the endpoint for what it says.
  const vapid = await readVapid(authorization, [origin, `https://${host}`], nowMs);
  if (!vapid) return refuse(service, "bad-credentials");
  if (!(await browser.isMadeWith(vapid.publicKey))) return refuse(service, "other-key");
  if (bytes.length > maxBodyBytes) return refuse(service, "too-large");
  const { keys, token } = browser;
  const { payload, failure } = keys ? await readPayload(bytes, keys) : { payload: "" };
  const id = newId(service);
  const content = contentOf(request, `https://${host}`, browser.name, vapid, payload);
  const { ttlSeconds, topic } = content;
  return {
    answer: accepted(service, id, headers.get("ttl") ?? ""),
    ...(token !== undefined && { push: { id, token, body: bytes, topic, ttlSeconds } }),
    messages: [
      {
        providerMessageId: id,
        content: keys ? content : { ...content, sealed: true },
        metadata: {},
        tags: [],
        recipients: [browser.name],
        ...(failure !== undefined && { outcome: ["failed"], extra: { undecryptable: failure } }),
      },
    ],
  };
}

function headerProblem(service: PushService, { headers, bytes }: ApiRequest): PushError | undefined {
  const ttl = headers.get("ttl");
  if (ttl === null) return "ttl-missing";
  if (!/^\d{1,10}$/.test(ttl)) return "ttl";
  if (service === "edge" && Number(ttl) === 0 && headers.get("x-wns-cache-policy") !== "no-cache") return "ttl";
  for (const name of ["urgency", "topic"] as const) {
    const value = headers.get(name);
    if (value !== null && !requestHeaders[name].test(value)) return name;
  }
  // The headers are those of a draft, which Mozilla refuses beside this encoding.
  const isDraft = headers.has("encryption") || headers.has("crypto-key");
  const encoding = headers.get("content-encoding");
  const isEncrypted = encoding === "aes128gcm" && !isDraft;
  return bytes.length > 0 ? (isEncrypted ? undefined : "encoding") : encoding === null ? undefined : "encoding";
}

async function readPayload(
  body: Uint8Array<ArrayBuffer>,
  keys: BrowserKeys,
): Promise<{ readonly payload: string; readonly failure?: string | undefined }> {
  if (body.length === 0) return { payload: "" };
  try {
    return { payload: new TextDecoder().decode(await decryptPush(body, keys)) };
  } catch (error) {
    if (error instanceof UndecryptableError) return { payload: "", failure: error.message };
    throw error;
  }
}

function contentOf(
  { headers }: ApiRequest,
  origin: string,
  browser: string,
  { subject, audience, expiresAtMs }: Vapid,
  payload: string,
): WebPushContent {
  return {
    kind: "webpush",
    endpoint: `${origin}/...${browser}`,
    ttlSeconds: Number(headers.get("ttl")),
    urgency: headers.get("urgency") ?? undefined,
    topic: headers.get("topic") ?? undefined,
    payload,
    declarative: objectOf(parseJson(payload))?.["web_push"] === 8030,
    vapid: { subject, audience, expiresAtMs },
  };
}

function newId(service: PushService): string {
  if (service === "safari") return crypto.randomUUID();
  if (service === "edge") return [...randomBytes(8)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return toBase64Url(randomBytes(24));
}

function accepted(service: PushService, id: string, ttl: string): Answer {
  switch (service) {
    case "safari":
      return { status: 201, headers: { "apns-id": id } };
    case "edge":
      return { status: 201, headers: { "x-wns-status": "received", "x-wns-msg-id": id } };
    case "firefox":
      return {
        status: 201,
        headers: { location: `https://updates.push.services.mozilla.com/m/${id}`, ttl },
        body: { "message-id": id },
      };
    case "chromium":
      return { status: 201, headers: { location: `https://fcm.googleapis.com/${id}` } };
    case "simulator":
      return { status: 201, headers: { location: `https://push.simulator.test/message/${id}`, ttl } };
  }
}

/** The push services of the browsers: RFC 8030. They tell nobody of what becomes of a message. */
export const route: Route = {
  id: "webpush",
  name: "Web Push",
  // With Google's, FCM has the paths of its own API.
  hosts: [
    "fcm.googleapis.com/fcm/send/",
    "fcm.googleapis.com/wp/",
    // Where Chromium subscribes that is not Google's own build of it.
    "jmt17.google.com/fcm/send/",
    "updates.push.services.mozilla.com",
    "web.push.apple.com",
    "*.notify.windows.com",
    "push.simulator.test",
  ],
  secretHeaders: ["authorization"],
  // The last part of an endpoint, but for a fake browser's name.
  secretPath: /(?<=\.)[\w-]{16}\.[\w-]{22}$|(?<=\/(?:push|send|wp)\/)[\w-]{43}$/,
  handle,
  rateLimited: (seconds) => pushAnswer("simulator", "too-many", seconds),
  unavailable: () => pushAnswer("simulator", "down"),
};
