import { simulatorCredentials } from "@carillon/simulator";
import { createNotifier, type Provider } from "carillon";
import { type Case, type Once, overNode, reaches, type Setting, succeeded } from "../case.ts";
import { email } from "../content.ts";

const inFlight = [1, 64];

function sendBy(provider: Provider<"email">, { fetch }: Setting): Once {
  const notifier = createNotifier({ email: [provider], fetch });
  return async () => succeeded(await notifier.send({ channel: "email", ...email }));
}

const byFetch = { carillon: reaches.fetch, official: reaches.fetch };
const byAxios = { carillon: reaches.fetch, official: reaches.axios };

const cases: readonly Case[] = [
  {
    name: "resend",
    rival: "resend",
    reach: byFetch,
    inFlight,
    async carillon(setting) {
      const { resend } = await import("carillon/providers/resend");
      return sendBy(resend({ apiKey: simulatorCredentials.resend.apiKey, baseUrl: setting.sink }), setting);
    },
    async official({ sink }) {
      const { Resend } = await import("resend");
      const client = new Resend(simulatorCredentials.resend.apiKey, { baseUrl: sink });
      return async () => succeeded({ ok: (await client.emails.send({ ...email })).data !== null });
    },
  },
  {
    name: "sendgrid",
    rival: "@sendgrid/mail",
    reach: byAxios,
    inFlight,
    async carillon(setting) {
      const { sendgrid } = await import("carillon/providers/sendgrid");
      return sendBy(sendgrid({ apiKey: simulatorCredentials.sendgrid.apiKey, baseUrl: setting.sink }), setting);
    },
    async official({ sink }) {
      const { default: client } = await import("@sendgrid/mail");
      client.setApiKey(simulatorCredentials.sendgrid.apiKey);
      // Of the client within it, whose types it hides.
      const { client: inner } = client as unknown as { client: { setDefaultRequest(name: string, to: string): void } };
      inner.setDefaultRequest("baseUrl", sink);
      return () => client.send({ ...email });
    },
  },
  {
    name: "postmark",
    rival: "postmark",
    reach: byFetch,
    inFlight,
    async carillon(setting) {
      const { postmark } = await import("carillon/providers/postmark");
      return sendBy(
        postmark({ serverToken: simulatorCredentials.postmark.serverToken, baseUrl: setting.sink }),
        setting,
      );
    },
    async official({ sink }) {
      const { ServerClient } = await import("postmark");
      const requestHost = new URL(sink).host;
      const client = new ServerClient(simulatorCredentials.postmark.serverToken, { requestHost, useHttps: false });
      const { from, to, subject, html, text } = email;
      return () => client.sendEmail({ From: from, To: to, Subject: subject, HtmlBody: html, TextBody: text });
    },
  },
  {
    name: "ses",
    rival: "@aws-sdk/client-sesv2",
    reach: { carillon: reaches.fetch, official: reaches.node },
    inFlight,
    async carillon(setting) {
      const { ses } = await import("carillon/providers/ses");
      const { accessKeyId, secretAccessKey, region } = simulatorCredentials.ses;
      return sendBy(ses({ accessKeyId, secretAccessKey, region, baseUrl: setting.sink }), setting);
    },
    async official({ sink }) {
      const { SendEmailCommand, SESv2Client } = await import("@aws-sdk/client-sesv2");
      const { accessKeyId, secretAccessKey, region } = simulatorCredentials.ses;
      const client = new SESv2Client({ region, endpoint: sink, credentials: { accessKeyId, secretAccessKey } });
      const text = (Data: string): { Data: string; Charset: string } => ({ Data, Charset: "UTF-8" });
      const { from, to, subject } = email;
      const input = {
        FromEmailAddress: from,
        Destination: { ToAddresses: [to] },
        Content: { Simple: { Subject: text(subject), Body: { Html: text(email.html), Text: text(email.text) } } },
      };
      return () => client.send(new SendEmailCommand(input));
    },
  },
  {
    name: "mailgun",
    rival: "mailgun.js",
    reach: byAxios,
    inFlight,
    async carillon(setting) {
      const { mailgun } = await import("carillon/providers/mailgun");
      const { apiKey, domain } = simulatorCredentials.mailgun;
      return sendBy(mailgun({ apiKey, domain, baseUrl: setting.sink }), setting);
    },
    async official({ sink }) {
      const { default: Mailgun } = await import("mailgun.js");
      const { apiKey, domain } = simulatorCredentials.mailgun;
      const client = new Mailgun(FormData).client({ username: "api", key: apiKey, url: sink });
      return () => client.messages.create(domain, { ...email });
    },
  },
];

export const emailSends: readonly Case[] = cases.flatMap((one) => [one, overNode(one)]);
