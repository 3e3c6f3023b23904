import { createECDH, randomBytes } from "node:crypto";
import { join } from "node:path";
import { webpush } from "carillon/providers/webpush";
import { build as bundle } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import official from "web-push";
import type { Case } from "./cases.ts";
import type { Order } from "./webpush-worker.ts";

/** Subscriptions that messages go to in turn: a server knows many, and writes to each again and again. */
const subscriptionCount = 100;
const forMs = 1_000;

const vapid = { subject: "mailto:ops@example.com", ...official.generateVAPIDKeys() };
const subscriptions = Array.from({ length: subscriptionCount }, (_, index) => {
  const ecdh = createECDH("prime256v1");
  ecdh.generateKeys();
  return {
    endpoint: `https://fcm.googleapis.com/fcm/send/benchmark-${index}`,
    keys: { p256dh: ecdh.getPublicKey("base64url"), auth: randomBytes(16).toString("base64url") },
  };
});
const provider = webpush({ vapid });
const context = {
  messageId: "msg_1",
  idempotencyKey: "key_1",
  now: new Date(),
  token: undefined,
  random: (length: number): Uint8Array<ArrayBuffer> => crypto.getRandomValues(new Uint8Array(length)),
};

/** A message checked and its request built, token and encryption included: what `generateRequestDetails` does. */
async function buildOurs(index: number, payload: string): Promise<void> {
  const to = subscriptions[index % subscriptionCount];
  const message = provider.channel.normalise({ channel: "webpush", to, payload, ttlSeconds: 60 });
  const request = "ok" in message ? message : await provider.buildRequest(message, context);
  if (!("body" in request) || request.body === undefined) throw new Error("No request was built");
}

function buildTheirs(index: number, payload: string): void {
  const to = subscriptions[index % subscriptionCount];
  if (to) official.generateRequestDetails(to, payload, { vapidDetails: vapid, TTL: 60 });
}

/** How many are built a second, so many at a time. */
async function perSecond(build: (index: number) => Promise<void> | void, inFlight: number): Promise<number> {
  const start = performance.now();
  let built = 0;
  const worker = async (): Promise<void> => {
    while (performance.now() - start < forMs) await build(built++);
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return (built * 1000) / (performance.now() - start);
}

/** Web Push requests built in this process. They need no host. */
export const webPushCases: readonly Case[] = [100, 3000].flatMap((bytes) => {
  const payload = "x".repeat(bytes);
  return [1, 32].map((inFlight) => ({
    name: `build a web push request, ${bytes} B, ${inFlight} in flight`,
    unit: "requests/s",
    rival: "web-push 3.6.7, `generateRequestDetails`",
    ours: () => perSecond((index) => buildOurs(index, payload), inFlight),
    theirs: () => perSecond((index) => buildTheirs(index, payload), inFlight),
  }));
});

const orderCount = 500;

/** How many a second one request to a workerd builds, 32 in flight. Each round starts one afresh. */
async function perSecondInWorkerd(script: string, nodeCompat: boolean, payload: string): Promise<number> {
  const { outputFiles } = await bundle({
    entryPoints: [join(import.meta.dirname, script)],
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    // web-push is CommonJS, and asks for Node's modules by `require`.
    platform: nodeCompat ? "node" : "neutral",
    banner: nodeCompat
      ? { js: 'import { createRequire } from "node:module"; const require = createRequire("/");' }
      : {},
  });
  const options = {
    name: "webpush",
    modules: true,
    script: outputFiles[0]?.text ?? "",
    compatibilityDate: "2026-07-01",
    compatibilityFlags: nodeCompat ? ["nodejs_compat"] : [],
    unsafeDirectSockets: [{ host: "127.0.0.1", port: 0, proxy: false }],
  };
  const workerd = new Miniflare(convertV4MiniflareOptions(options as never));
  try {
    const url = await workerd.unsafeGetDirectURL();
    const order = async (count: number): Promise<void> => {
      const body: Order = { vapid, payload, subscriptions, count, inFlight: 32 };
      const answer = await fetch(url, { method: "POST", body: JSON.stringify(body) });
      if (!answer.ok) throw new Error(`The Worker answered ${answer.status}: ${await answer.text()}`);
    };
    await order(subscriptionCount);
    const start = performance.now();
    await order(orderCount);
    return (orderCount * 1000) / (performance.now() - start);
  } finally {
    await workerd.dispose();
  }
}

/** The same in workerd: Carillon without Node compatibility, web-push with it. */
export const webPushWorkerdCases: readonly Case[] = [100, 3000].map((bytes) => {
  const payload = "x".repeat(bytes);
  return {
    name: `build a web push request in workerd, ${bytes} B, 32 in flight`,
    unit: "requests/s",
    rival: "web-push 3.6.7 with Node compatibility",
    ours: () => perSecondInWorkerd("webpush-worker-ours.ts", false, payload),
    theirs: () => perSecondInWorkerd("webpush-worker-theirs.ts", true, payload),
  };
});
