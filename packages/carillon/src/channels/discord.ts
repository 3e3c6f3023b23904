import type { ChannelDefinition, Extras, MessageExtras } from "./definition.ts";
import { normaliseWith } from "./check.ts";
import type { Reject } from "./check.ts";
import { fileContent } from "./file-content.ts";
import { list, object, oneOf, optional, text as textOf } from "./schema.ts";
import { extras, fillExtras, httpsUrl, jsonObject, line } from "./schemas.ts";

export interface DiscordFile {
  readonly filename: string;
  readonly contentType?: string | undefined;
  /** Bytes, or the bytes in base64. */
  readonly content: Uint8Array | string;
}

export interface DiscordInput extends Extras {
  readonly channel: "discord";
  /** The webhook's URL (which is a secret), and the thread to post in. */
  readonly to: { readonly webhookUrl: string; readonly threadId?: string | undefined };
  /** Up to 2,000 characters. */
  readonly text?: string | undefined;
  /** At most 10. */
  readonly embeds?: readonly Readonly<Record<string, unknown>>[] | undefined;
  /** At most 40. */
  readonly components?: readonly Readonly<Record<string, unknown>>[] | undefined;
  readonly files?: readonly DiscordFile[] | undefined;
  readonly username?: string | undefined;
  readonly avatarUrl?: string | undefined;
  /** Nobody is mentioned unless this says so. */
  readonly allowedMentions?: Readonly<Record<string, unknown>> | undefined;
}

export interface DiscordMessage extends MessageExtras {
  readonly channel: "discord";
  readonly to: { readonly webhookUrl: string; readonly threadId?: string | undefined };
  readonly text?: string | undefined;
  readonly embeds: readonly Readonly<Record<string, unknown>>[];
  readonly components: readonly Readonly<Record<string, unknown>>[];
  readonly files: readonly DiscordFile[];
  readonly username?: string | undefined;
  readonly avatarUrl?: string | undefined;
  readonly allowedMentions: Readonly<Record<string, unknown>>;
}

// https://docs.discord.com/developers/resources/webhook: the snowflake is public, the token behind it is the secret.
const webhookUrl =
  /^https:\/\/(?:(?:ptb|canary)\.)?discord(?:app)?\.com\/api\/(?:v\d{1,2}\/)?webhooks\/(\d{17,20})\/([A-Za-z0-9_-]+)$/;

const address = object({
  webhookUrl: textOf("the URL of a webhook", webhookUrl),
  threadId: optional(textOf("the id of a thread", /^\d{17,20}$/)),
});

const entries = {
  text: optional(textOf("1 to 2000 characters, not all blank", /^(?=[\s\S]*\S)[\s\S]{1,2000}$/)),
  embeds: optional(list(jsonObject, 10)),
  components: optional(list(jsonObject, 40)),
  files: optional(
    list(
      object<DiscordFile>({ filename: line(1, 255), contentType: optional(line(1, 255)), content: fileContent }),
      10,
    ),
  ),
  username: optional(line(1, 80)),
  avatarUrl: optional(httpsUrl),
  allowedMentions: optional(jsonObject),
  ...extras,
};

const inputSchema = object<DiscordInput>({
  channel: oneOf("discord"),
  to: address,
  ...entries,
});

function toMessage(input: DiscordInput, reject: Reject): DiscordMessage {
  const { to, text, embeds = [], components = [], files = [], username, avatarUrl } = input;
  if (text === undefined && embeds.length + components.length + files.length === 0) {
    reject("text", "text, embeds, components or files");
  }
  const allowedMentions = input.allowedMentions ?? { parse: [] };
  return {
    channel: "discord",
    to,
    text,
    embeds,
    components,
    files,
    username,
    avatarUrl,
    allowedMentions,
    ...fillExtras(input, reject),
  };
}

export const discordChannel: ChannelDefinition<"discord", DiscordMessage> = {
  id: "discord",
  address,
  content: object(entries),
  normalise: (input) => normaliseWith(inputSchema, input, toMessage),
  addresses({ to }) {
    const [, id = "", token = ""] = webhookUrl.exec(to.webhookUrl) ?? [];
    return [{ key: id, label: `webhook ${id}`, secrets: [to.webhookUrl, token] }];
  },
  withRecipient: (message, to) => (webhookUrl.test(to) ? { ...message, to: { webhookUrl: to } } : undefined),
};
