import type { ChannelDefinition, Extras, MessageExtras } from "./definition.ts";
import { normaliseWith } from "./check.ts";
import type { Reject } from "./check.ts";
import { fileContent } from "./file-content.ts";
import { list, object, oneOf, optional, text as textOf, value, whole } from "../rule/rules.ts";
import type { Rule } from "../rule/rule.ts";
import { extras, fillExtras, httpsUrl, jsonObject, line } from "./common-rules.ts";

/** Where to post: a webhook's URL, which is a secret, and a thread of the webhook's channel. */
export interface DiscordTarget {
  /** As Discord shows it, with or without a version; on discord.com, discordapp.com, ptb or canary. */
  readonly webhookUrl: string;
  readonly threadId?: string | undefined;
}

export interface DiscordFile {
  readonly filename: string;
  /** @default "application/octet-stream" */
  readonly contentType?: string | undefined;
  /** Bytes, or the bytes in base64. */
  readonly content: Uint8Array | string;
}

/**
 * What a webhook may set of an embed, spelled as Discord spells it. Texts are measured without white space at their ends;
 * those of all embeds of a message come to 6,000 characters at most.
 * https://docs.discord.com/developers/resources/message#embed-object (read 2026-11-23)
 */
export interface DiscordEmbed {
  /** Up to 256 characters. */
  readonly title?: string | undefined;
  /** Up to 4,096 characters. */
  readonly description?: string | undefined;
  /** Of several embeds with the same one, only the first is shown. */
  readonly url?: string | undefined;
  /** ISO 8601. */
  readonly timestamp?: string | undefined;
  /** 0 to 0xffffff. */
  readonly color?: number | undefined;
  /** `text` up to 2,048 characters. */
  readonly footer?: { readonly text: string; readonly icon_url?: string | undefined } | undefined;
  /** `attachment://<filename>` shows one of the message's files. */
  readonly image?: { readonly url: string } | undefined;
  readonly thumbnail?: { readonly url: string } | undefined;
  /** `name` up to 256 characters. */
  readonly author?:
    | { readonly name: string; readonly url?: string | undefined; readonly icon_url?: string | undefined }
    | undefined;
  /** At most 25; `name` up to 256 characters, `value` up to 1,024. */
  readonly fields?:
    | readonly { readonly name: string; readonly value: string; readonly inline?: boolean | undefined }[]
    | undefined;
}

/** Who may be notified of being mentioned. Ids, at most 100 each; not beside the same kind in `parse`. */
export interface DiscordAllowedMentions {
  readonly parse?: readonly ("users" | "roles" | "everyone")[] | undefined;
  readonly roles?: readonly string[] | undefined;
  readonly users?: readonly string[] | undefined;
}

/** At least one of `text`, `embeds`, `components` and `files`. */
export interface DiscordContent {
  /** Up to 2,000 characters. */
  readonly text?: string | undefined;
  /** At most 10. */
  readonly embeds?: readonly DiscordEmbed[] | undefined;
  /**
   * At most 5 action rows below other content; or else the whole message, at most 40 components with those inside
   * others. https://docs.discord.com/developers/components/reference (read 2026-11-23)
   */
  readonly components?: readonly Readonly<Record<string, unknown>>[] | undefined;
  /** At most 10. How large one may be depends on the server: 10 MiB, or more where it is boosted. */
  readonly files?: readonly DiscordFile[] | undefined;
  /** Nobody is mentioned unless this says so. */
  readonly allowedMentions?: DiscordAllowedMentions | undefined;
}

export interface DiscordInput extends DiscordContent, Extras {
  readonly channel: "discord";
  readonly to: DiscordTarget;
  /** Instead of the webhook's name: up to 80 characters, without "discord" and "clyde" in them. */
  readonly username?: string | undefined;
  readonly avatarUrl?: string | undefined;
}

export interface DiscordMessage extends MessageExtras {
  readonly channel: "discord";
  readonly to: DiscordTarget;
  readonly text?: string | undefined;
  readonly embeds: readonly DiscordEmbed[];
  readonly components: readonly Readonly<Record<string, unknown>>[];
  /** The components are the message ("components V2"), instead of standing below its text, embeds or files. */
  readonly isAllComponents: boolean;
  readonly files: readonly DiscordFile[];
  readonly username?: string | undefined;
  readonly avatarUrl?: string | undefined;
  readonly allowedMentions: DiscordAllowedMentions;
}

// https://docs.discord.com/developers/resources/webhook: the snowflake is public, the token behind it is the secret.
const webhookUrl =
  /^https:\/\/(?:(?:ptb|canary)\.)?discord(?:app)?\.com\/api\/(?:v\d{1,2}\/)?webhooks\/(\d{17,20})\/([A-Za-z0-9_-]+)$/;

/** The webhook's id, which is public, and its token, which is not; both empty for what is no webhook's URL. */
export function discordWebhookOf({ webhookUrl: url }: DiscordTarget): { readonly id: string; readonly token: string } {
  const [, id = "", token = ""] = webhookUrl.exec(url) ?? [];
  return { id, token };
}

/** An id as Discord spells it: a 64-bit number in decimal. */
export const snowflakePattern: RegExp = /^\d{17,20}$/;

const snowflakes = list(textOf("an id of 17 to 20 digits", snowflakePattern), 100);

const address = object<DiscordTarget>({
  webhookUrl: textOf("the URL of a webhook", webhookUrl),
  threadId: optional(textOf("the id of a thread", snowflakePattern)),
});

/** Unicode characters, as Discord counts: by UTF-16 units an emoji would count twice. */
function lengthOf(text: string): number {
  return Array.from(text).length;
}

/** Text of so many characters, white space at its ends not counted, which Discord takes off. */
// @__NO_SIDE_EFFECTS__
function characters(min: number, max: number): Rule<string> {
  return textOf(`${min} to ${max} characters`, /^/, (input) => {
    const trimmed = input.trim();
    // A character has at most two UTF-16 units: what is much too long is not taken apart.
    return trimmed.length <= 2 * max && trimmed.length >= min && lengthOf(trimmed) <= max;
  });
}

const flag = value<boolean>("true or false", (input) => typeof input === "boolean");
const webUrl = textOf("an http or https URL", /^https?:\/\/\S+$/);
const imageUrl = textOf("an http, https or attachment URL", /^(https?|attachment):\/\/\S+$/);
const image = optional(object({ url: imageUrl }));

const embed = object<DiscordEmbed>({
  title: optional(characters(0, 256)),
  description: optional(characters(0, 4096)),
  url: optional(webUrl),
  timestamp: optional(
    textOf("an ISO 8601 time", /^\d{4}-\d\d-\d\d(T.+)?$/, (input) => !Number.isNaN(Date.parse(input))),
  ),
  color: optional(whole(0, 0xffffff)),
  footer: optional(object({ text: characters(1, 2048), icon_url: optional(imageUrl) })),
  image,
  thumbnail: image,
  author: optional(object({ name: characters(1, 256), url: optional(webUrl), icon_url: optional(imageUrl) })),
  fields: optional(list(object({ name: characters(1, 256), value: characters(1, 1024), inline: optional(flag) }), 25)),
});

const entries = {
  text: optional(characters(1, 2000)),
  embeds: optional(list(embed, 10)),
  components: optional(list(jsonObject, 40)),
  files: optional(
    list(
      object<DiscordFile>({ filename: line(1, 255), contentType: optional(line(1, 255)), content: fileContent }),
      10,
    ),
  ),
  // https://docs.discord.com/developers/resources/webhook#create-webhook; it holds for the name of one message, too
  // (https://github.com/MinnDevelopment/discord-webhooks/issues/100), and Discord adds to the list.
  username: optional(
    textOf(
      "one line of 1 to 80 characters without discord and clyde",
      /^[ -~\u00a0-\uffff]{1,160}$/,
      (input) => lengthOf(input) <= 80 && !/discord|clyde/i.test(input),
    ),
  ),
  avatarUrl: optional(httpsUrl),
  allowedMentions: optional(
    object<DiscordAllowedMentions>({
      parse: optional(list(oneOf("users", "roles", "everyone"), 3)),
      roles: optional(snowflakes),
      users: optional(snowflakes),
    }),
  ),
  ...extras,
};

const inputRule = object<DiscordInput>({
  channel: oneOf("discord"),
  to: address,
  ...entries,
});

/** What the 6,000 characters of a message's embeds are counted of. */
function countEmbed({ title, description, footer, author, fields = [] }: DiscordEmbed): number {
  const texts = [title, description, footer?.text, author?.name, ...fields.flatMap(({ name, value }) => [name, value])];
  return texts.reduce((sum, text = "") => sum + lengthOf(text.trim()), 0);
}

/** With those inside, which stand in `components` or are an `accessory`. */
function countComponents(components: unknown): number {
  return [components ?? []].flat().reduce<number>((sum, component) => {
    const { components: inner, accessory } = Object(component) as Readonly<Record<string, unknown>>;
    return sum + 1 + countComponents(inner) + countComponents(accessory);
  }, 0);
}

function toMessage(input: DiscordInput, reject: Reject): DiscordMessage {
  const { to, text, embeds = [], components = [], files = [], username, avatarUrl } = input;
  const { parse = [], ...mentionable } = input.allowedMentions ?? {};
  const hasMore = text !== undefined || embeds.length + files.length > 0;
  if (!hasMore && components.length === 0) reject("text", "text, embeds, components or files");
  const inEmbeds = embeds.reduce((sum, embed) => sum + countEmbed(embed), 0);
  if (inEmbeds > 6000) reject("embeds", "at most 6000 characters in all");
  const actionRow = 1;
  const isAllComponents = components.length > 0 && (!hasMore || components.some(({ type }) => type !== actionRow));
  if (isAllComponents && hasMore) reject("components", "action rows alone, or no text, embeds and files");
  if (isAllComponents ? countComponents(components) > 40 : components.length > 5) {
    reject("components", "at most 5 action rows below other content, or 40 components in all");
  }
  for (const kind of ["users", "roles"] as const) {
    if (parse.includes(kind) && mentionable[kind]?.length) {
      reject(`allowedMentions.${kind}`, `no ids while parse has ${kind}`);
    }
  }
  return {
    channel: "discord",
    to,
    text,
    embeds,
    components,
    isAllComponents,
    files,
    username,
    avatarUrl,
    allowedMentions: { parse, ...mentionable },
    ...fillExtras(input, reject),
  };
}

export const discordChannel: ChannelDefinition<"discord", DiscordMessage> = {
  id: "discord",
  normalise: (input) => normaliseWith(inputRule, input, toMessage),
  addresses({ to }) {
    const { id, token } = discordWebhookOf(to);
    return [{ key: id, label: `webhook ${id}`, secrets: [to.webhookUrl, token] }];
  },
  withRecipient: (message, to) => (webhookUrl.test(to) ? { ...message, to: { webhookUrl: to } } : undefined),
};
