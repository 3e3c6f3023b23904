import { simulatorCredentials } from "@carillon/simulator";
import { receiveWebhook, type ReceiveOptions, type WebhookSource } from "carillon";
import { type Case, type Once, type Setting, withNodeCrypto } from "../sdk/case.ts";
import * as requests from "./requests.ts";
import type { Signed } from "./requests.ts";

const { resend, sendgrid, twilio, ses, qstash } = simulatorCredentials;
const inFlight = [1, 32] as const;

/** As an application receives: to the events, or to a throw where nothing came of it. */
function received(source: WebhookSource, next: () => Signed, { crypto }: Setting, options: ReceiveOptions = {}): Once {
  return async () => {
    const received = await receiveWebhook(source, next(), { ...options, crypto });
    if (!received.ok || received.events.length === 0) throw new Error(JSON.stringify(received));
  };
}

/** The official verifier does as much as it does; what an application then does to get at the fields is added. */
function verified(next: () => Signed, verify: (request: Signed, text: string) => unknown): Once {
  return async () => {
    const request = next();
    if (!(await verify(request, Buffer.from(request.body).toString()))) throw new Error("not verified");
  };
}

const sendgridEvents = (events: number): Case => ({
  name: `SendGrid, ${events} ${events === 1 ? "event" : "events"}`,
  rival: "@sendgrid/eventwebhook",
  inFlight,
  async carillon(setting) {
    const { sendgridWebhook } = await import("carillon/providers/sendgrid");
    const source = sendgridWebhook({ publicKey: sendgrid.webhookPublicKey });
    return received(
      source,
      requests.inTurn(() => requests.sendgridRequest(events)),
      setting,
    );
  },
  async official() {
    const { EventWebhook } = await import("@sendgrid/eventwebhook");
    const verifier = new EventWebhook();
    const key = verifier.convertPublicKeyToECDSA(sendgrid.webhookPublicKey);
    const next = requests.inTurn(() => requests.sendgridRequest(events));
    return verified(next, ({ headers, body }, text) => {
      const signature = headers["x-twilio-email-event-webhook-signature"] ?? "";
      const timestamp = headers["x-twilio-email-event-webhook-timestamp"] ?? "";
      return verifier.verifySignature(key, Buffer.from(body), signature, timestamp) && JSON.parse(text);
    });
  },
});

const cases: readonly Case[] = [
  {
    name: "Resend (Svix), one event",
    rival: "svix",
    inFlight,
    async carillon(setting) {
      const { resendWebhook } = await import("carillon/providers/resend");
      return received(resendWebhook({ secret: resend.webhookSecret }), requests.inTurn(requests.svixRequest), setting);
    },
    async official() {
      const { Webhook } = await import("svix");
      const webhook = new Webhook(resend.webhookSecret);
      return verified(requests.inTurn(requests.svixRequest), ({ headers }, text) => {
        webhook.verify(text, { ...headers });
        return JSON.parse(text) as unknown;
      });
    },
  },
  sendgridEvents(1),
  sendgridEvents(100),
  {
    name: "Twilio, a form",
    rival: "twilio",
    inFlight,
    async carillon(setting) {
      const { twilioWebhook } = await import("carillon/providers/twilio");
      return received(twilioWebhook({ authToken: twilio.authToken }), requests.inTurn(requests.twilioRequest), setting);
    },
    async official() {
      const { default: sdk } = await import("twilio");
      return verified(requests.inTurn(requests.twilioRequest), ({ headers, url }, text) =>
        sdk.validateRequest(
          twilio.authToken,
          headers["x-twilio-signature"] ?? "",
          url,
          Object.fromEntries(new URLSearchParams(text)),
        ),
      );
    },
  },
  {
    name: "SES through SNS, one event",
    rival: "sns-validator",
    inFlight,
    async carillon(setting) {
      const { sesWebhook } = await import("carillon/providers/ses");
      const fetch = async (): Promise<Response> => new Response(await certificate());
      return received(sesWebhook({ topicArns: ses.topicArns }), requests.inTurn(requests.snsRequest), setting, {
        fetch,
      });
    },
    async official() {
      const pem = await certificate();
      await answerHttpsGet(pem);
      const { default: MessageValidator } = await import("sns-validator");
      const validator = new MessageValidator();
      return verified(requests.inTurn(requests.snsRequest), async (_, text) => {
        const message = await new Promise<unknown>((resolve, reject) => {
          validator.validate(text, (error, valid) => (error ? reject(error) : resolve(valid)));
        });
        return JSON.parse((message as { readonly Message: string }).Message) as unknown;
      });
    },
  },
  {
    name: "QStash, a callback",
    rival: "@upstash/qstash",
    inFlight,
    async carillon(setting) {
      const { qstashWebhook } = await import("carillon/receivers/qstash");
      const { currentSigningKey, nextSigningKey } = qstash;
      return received(
        qstashWebhook({ currentSigningKey, nextSigningKey }),
        requests.inTurn(requests.qstashRequest),
        setting,
      );
    },
    async official() {
      const { Receiver } = await import("@upstash/qstash");
      const receiver = new Receiver(qstash);
      return verified(requests.inTurn(requests.qstashRequest), async ({ headers, url }, body) => {
        const signature = headers["upstash-signature"] ?? "";
        return (await receiver.verify({ signature, body, url })) && (JSON.parse(body) as unknown);
      });
    },
  },
];

/** Webhooks verified and read: the bytes are there, the events are wanted. ECDSA is WebCrypto's either way. */
export const verifications: readonly Case[] = cases.flatMap((one) =>
  one.rival === "@sendgrid/eventwebhook" ? [one] : [one, withNodeCrypto(one)],
);

/** The certificate that the simulator's SNS signs for; each side gets it once. */
async function certificate(): Promise<string> {
  const { createSimulator } = await import("@carillon/simulator");
  const response = await createSimulator().fetch(requests.certificateUrl);
  if (!response.ok) throw new Error(`no certificate: ${response.status}`);
  return response.text();
}

/** sns-validator gets the certificate by `https.get`, once a process; it comes without a network. */
async function answerHttpsGet(pem: string): Promise<void> {
  const { default: https } = await import("node:https");
  const { Readable } = await import("node:stream");
  const get = (_: unknown, answer: (response: unknown) => void): unknown => {
    answer(Object.assign(Readable.from([Buffer.from(pem)]), { statusCode: 200 }));
    return { on: () => get };
  };
  Object.assign(https, { get });
}
