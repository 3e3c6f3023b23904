import { simulatorCredentials } from "@carillon/simulator";
import type { BuildContext } from "carillon";
import type { Case } from "./case.ts";
import { inTurn, makeSubscriptions } from "./subscriptions.ts";

const { vapidSubject: subject, vapidPublicKey: publicKey, vapidPrivateKey: privateKey } = simulatorCredentials.webpush;

/** Requests of one payload size, for so many subscriptions in turn: from the input, all checks included, to the request. */
function requests(what: string, payloadBytes: number, subscriptions: number): Case {
  const payload = "x".repeat(payloadBytes);
  return {
    name: what,
    rival: "web-push",
    inFlight: [1, 32],
    async carillon() {
      const { webpush } = await import("carillon/providers/webpush");
      const { channel, buildRequest } = webpush({ vapid: { subject, publicKey, privateKey } });
      const next = inTurn(await makeSubscriptions(subscriptions));
      return async () => {
        const message = channel.normalise({ channel: "webpush", to: next(), payload });
        if ("ok" in message) throw new Error(message.detail);
        const context: BuildContext = {
          messageId: "msg_benchmark",
          idempotencyKey: "msg_benchmark",
          now: new Date(),
          token: undefined,
          random: (length) => crypto.getRandomValues(new Uint8Array(length)),
        };
        const request = await buildRequest(message, context);
        if ("ok" in request) throw new Error(request.detail);
      };
    },
    async official() {
      const { default: webPush } = await import("web-push");
      const options = { vapidDetails: { subject, publicKey, privateKey } };
      const next = inTurn(await makeSubscriptions(subscriptions));
      return () => webPush.generateRequestDetails(next(), payload, options);
    },
  };
}

/** More subscriptions than Carillon keeps the keys of, so that every one's is read anew. */
const many = 3000;

export const pushRequests: readonly Case[] = [
  requests("100 B, 100 subscriptions again and again", 100, 100),
  requests("100 B, every subscription a new one", 100, many),
  requests("3 kB, 100 subscriptions again and again", 3000, 100),
  requests("3 kB, every subscription a new one", 3000, many),
];
