import { simulatorCredentials } from "@carillon/simulator";
import { createNotifier } from "carillon";
import { type Case, overNode, reaches, succeeded } from "../case.ts";
import { sms } from "../content.ts";

const byTwilio: Case = {
  name: "twilio",
  rival: "twilio",
  reach: { carillon: reaches.fetch, official: reaches.axios },
  inFlight: [1, 64],
  async carillon({ sink, fetch }) {
    const { twilio } = await import("carillon/providers/twilio");
    const { accountSid, authToken } = simulatorCredentials.twilio;
    const notifier = createNotifier({
      sms: [twilio({ accountSid, authToken, from: sms.from, baseUrl: sink })],
      fetch,
    });
    return async () => succeeded(await notifier.send({ channel: "sms", to: sms.to, text: sms.text }));
  },
  async official({ sink }) {
    const { default: twilio } = await import("twilio");
    const { accountSid, authToken } = simulatorCredentials.twilio;
    const httpClient = new twilio.RequestClient();
    const request = httpClient.request.bind(httpClient);
    // It has no option for the address.
    httpClient.request = (options) =>
      request({ ...options, uri: options.uri.replace("https://api.twilio.com", () => sink) });
    const client = twilio(accountSid, authToken, { httpClient });
    return () => client.messages.create({ from: sms.from, to: sms.to, body: sms.text });
  },
};

export const smsSends: readonly Case[] = [byTwilio, overNode(byTwilio)];
