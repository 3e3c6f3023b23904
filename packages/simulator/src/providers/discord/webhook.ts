import { simulatorCredentials } from "../../credentials.ts";
import type { RouteWebhook } from "../../route.ts";
import { fromBase64, utf8 } from "../../wire/bytes.ts";
import { lazy } from "../../wire/lazy.ts";

/** An application of the simulator's. */
const applicationId = "100000000000000900";

const privateKey = lazy(() =>
  crypto.subtle.importKey(
    "pkcs8",
    fromBase64(simulatorCredentials.discord.webhookPrivateKey),
    { name: "Ed25519" },
    false,
    ["sign"],
  ),
);

/** What Discord asks an endpoint before it takes its URL. */
export const ping: Readonly<Record<string, unknown>> = { version: 1, application_id: applicationId, type: 0 };

/**
 * Webhook events: https://docs.discord.com/developers/events/webhook-events. None is about a message that a webhook posted;
 * the simulator lets `unsubscribed` stand for a user who takes the application's authorisation back.
 */
export const webhook: RouteWebhook = {
  newEventId: () => crypto.randomUUID(),
  payload(event, message) {
    if (event.type !== "unsubscribed") return undefined;
    return {
      version: 1,
      application_id: applicationId,
      type: 1,
      event: {
        type: "APPLICATION_DEAUTHORIZED",
        timestamp: new Date(event.atMs).toISOString().replace("Z", "000"),
        data: { user: { id: String(BigInt(message.providerMessageId) + 1n), username: "simulated" } },
      },
    };
  },
  maxEvents: 1,
  async sign({ payloads, nowMs }) {
    const body = JSON.stringify(payloads[0]);
    const timestamp = String(Math.floor(nowMs / 1000));
    const signed = utf8(`${timestamp}${body}`);
    const signature = new Uint8Array(await crypto.subtle.sign({ name: "Ed25519" }, await privateKey(), signed));
    return {
      body,
      headers: {
        "content-type": "application/json",
        "user-agent": "Discord-Webhook/1.0 (carillon simulator)",
        "x-signature-ed25519": Array.from(signature, (byte) => byte.toString(16).padStart(2, "0")).join(""),
        "x-signature-timestamp": timestamp,
      },
    };
  },
  // "If your app doesn't respond to the webhook event, Discord will retry".
  retries: (status) => status === undefined || status < 200 || status > 299,
};
