import { createNotifier, type SendResult } from "carillon";
import { webpush } from "carillon/providers/webpush";
import { simulatorCredentials } from "@carillon/simulator";
import type { RigUrls } from "./rig.ts";

export interface Subscription {
  readonly endpoint: string;
  readonly keys: { readonly p256dh: string; readonly auth: string };
}

/** What is done to a message on its way, and to its sender's clock. */
export interface Tampering {
  readonly body?: (body: Uint8Array) => Uint8Array;
  readonly ageMs?: number;
}

/** Sends with the SDK, and past the service, which would not send what is wrong. */
export async function sendPastService(
  { simulatorUrl }: RigUrls,
  { endpoint, keys }: Subscription,
  payload: unknown,
  { body: tamper, ageMs = 0 }: Tampering = {},
): Promise<SendResult> {
  const {
    vapidSubject: subject,
    vapidPublicKey: publicKey,
    vapidPrivateKey: privateKey,
  } = simulatorCredentials.webpush;
  const notifier = createNotifier({
    webpush: [
      webpush({
        vapid: { subject, publicKey, privateKey },
        allowEndpoint: ({ host }) => host === "push.simulator.test",
      }),
    ],
    attempts: 1,
    now: () => new Date(Date.now() - ageMs),
    // The endpoint's host is somebody else, or nobody: on the wire it is the simulator.
    fetch: (url, init) => {
      const body = tamper?.(init?.body as Uint8Array) ?? init?.body;
      return fetch(url.replace("https:/", simulatorUrl), { ...init, body } as RequestInit);
    },
  });
  return await notifier.send({ channel: "webpush", to: { endpoint, keys }, payload });
}

/** Of a body: in what is encrypted, past salt and key. */
export const flipOneBit = (body: Uint8Array): Uint8Array =>
  body.map((byte, index) => (index === 100 ? byte ^ 1 : byte));
