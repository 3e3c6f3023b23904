/* oxlint-disable unicorn/require-post-message-target-origin -- Slack calls its method by the same name */
import { createRequire } from "node:module";
import { simulatorCredentials } from "@carillon/simulator";
import { createNotifier } from "carillon";
import { type Case, type Once, overNode, reaches, type Setting, succeeded } from "../case.ts";
import { chat } from "../content.ts";

const inFlight = [1, 64];
const { text, blocks, embeds } = chat;
const byFetch = { carillon: reaches.fetch, official: reaches.fetch };

async function sendToSlack({ sink, fetch }: Setting, to: string | { readonly webhookUrl: string }): Promise<Once> {
  const { slack } = await import("carillon/providers/slack");
  const { token } = simulatorCredentials.slack;
  const notifier = createNotifier({ slack: [slack({ token, baseUrl: sink })], fetch });
  return async () => succeeded(await notifier.send({ channel: "slack", to, text, blocks }));
}

/** The sink in the place of the URL's origin. */
const at = (sink: string, url: string): string => sink + new URL(url).pathname;

const cases: readonly Case[] = [
  {
    name: "slack, bot token",
    rival: "@slack/web-api",
    reach: byFetch,
    inFlight,
    carillon: (setting) => sendToSlack(setting, "C012AB3CD"),
    async official({ sink }) {
      const { LogLevel, WebClient } = await import("@slack/web-api");
      const options = { slackApiUrl: `${sink}/api/`, logLevel: LogLevel.ERROR };
      const client = new WebClient(simulatorCredentials.slack.token, options);
      return () => client.chat.postMessage({ channel: "C012AB3CD", text, blocks: [...blocks] });
    },
  },
  {
    name: "slack, incoming webhook",
    rival: "@slack/webhook",
    reach: byFetch,
    inFlight,
    carillon: (setting) => sendToSlack(setting, { webhookUrl: simulatorCredentials.slack.webhookUrl }),
    async official({ sink }) {
      const { IncomingWebhook } = await import("@slack/webhook");
      const hook = new IncomingWebhook(at(sink, simulatorCredentials.slack.webhookUrl));
      return () => hook.send({ text, blocks: [...blocks] });
    },
  },
  {
    name: "discord",
    rival: "discord-webhook-ts",
    reach: { carillon: reaches.fetch, official: reaches.axios },
    inFlight,
    async carillon({ sink, fetch }) {
      const { discord } = await import("carillon/providers/discord");
      const notifier = createNotifier({ discord: [discord({ baseUrl: sink })], fetch });
      const to = { webhookUrl: simulatorCredentials.discord.webhookUrl };
      return async () => succeeded(await notifier.send({ channel: "discord", to, text, embeds }));
    },
    async official({ sink }) {
      // Its own declarations import a file that the package does not have.
      const { default: DiscordWebhook } = createRequire(import.meta.url)("discord-webhook-ts") as {
        readonly default: new (url: string) => { execute(body: object): Promise<unknown> };
      };
      // As Carillon asks: without it, it is not known whether the message was stored.
      const hook = new DiscordWebhook(`${at(sink, simulatorCredentials.discord.webhookUrl)}?wait=true`);
      return () => hook.execute({ content: text, embeds });
    },
  },
];

export const chatSends: readonly Case[] = cases.flatMap((one) => [one, overNode(one)]);
