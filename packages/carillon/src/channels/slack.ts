import type { Address, ChannelDefinition, Extras, MessageExtras } from "./definition.ts";
import { normaliseWith } from "./check.ts";
import type { Reject } from "./check.ts";
import { either, isObject, list, object, oneOf, optional, text as textOf } from "../rule/rules.ts";
import { extras, filledText, fillExtras, jsonObject } from "./common-rules.ts";

export interface SlackInput extends Extras {
  readonly channel: "slack";
  /** Id of a channel or user (with a bot token), or an incoming webhook's URL (which is a secret). */
  readonly to: string | { readonly webhookUrl: string };
  /** At least one of `text` and `blocks`; beside blocks it is what notifications show. */
  readonly text?: string | undefined;
  /** Block Kit, at most 50 blocks. */
  readonly blocks?: readonly Readonly<Record<string, unknown>>[] | undefined;
  readonly threadTs?: string | undefined;
}

export interface SlackMessage extends MessageExtras {
  readonly channel: "slack";
  readonly to: { readonly id: string } | { readonly webhookUrl: string };
  readonly text?: string | undefined;
  readonly blocks: readonly Readonly<Record<string, unknown>>[];
  readonly threadTs?: string | undefined;
}

// https://docs.slack.dev/reference/objects/conversation-object and user-object: channels C, D, G; users U, W.
const conversationId = /^[CDGUW][A-Z0-9]{2,20}$/;
// https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks; team and webhook are public, the rest is not.
const webhookUrl = /^https:\/\/hooks\.slack(?:-gov)?\.com\/services\/(T[A-Z0-9]+\/B[A-Z0-9]+)\/([A-Za-z0-9]+)$/;

const address = either<{ webhookUrl: string }, string>(
  isObject,
  object({ webhookUrl: textOf("the URL of an incoming webhook", webhookUrl) }),
  textOf("the id of a channel or user, such as C012AB3CD", conversationId),
);

const entries = {
  text: optional(filledText),
  blocks: optional(list(jsonObject, 50)),
  threadTs: optional(textOf("the ts of a message", /^\d+\.\d+$/)),
  ...extras,
};

const inputRule = object<SlackInput>({
  channel: oneOf("slack"),
  to: address,
  ...entries,
});

function toMessage(input: SlackInput, reject: Reject): SlackMessage {
  const { to, text, blocks = [], threadTs } = input;
  if (text === undefined && blocks.length === 0) reject("text", "text, blocks or both");
  return { channel: "slack", to: target(to), text, blocks, threadTs, ...fillExtras(input, reject) };
}

function target(to: SlackInput["to"]): SlackMessage["to"] {
  return typeof to === "string" ? { id: to } : to;
}

function toAddress(to: SlackMessage["to"]): Address {
  if ("id" in to) return { key: to.id, label: to.id, secrets: [] };
  const [, publicPart = "", secret = ""] = webhookUrl.exec(to.webhookUrl) ?? [];
  return { key: publicPart, label: `webhook ${publicPart}`, secrets: [to.webhookUrl, secret] };
}

export const slackChannel: ChannelDefinition<"slack", SlackMessage> = {
  id: "slack",
  normalise: (input) => normaliseWith(inputRule, input, toMessage),
  addresses: ({ to }) => [toAddress(to)],
  withRecipient(message, to) {
    if (conversationId.test(to)) return { ...message, to: { id: to }, threadTs: undefined };
    return webhookUrl.test(to) ? { ...message, to: { webhookUrl: to }, threadTs: undefined } : undefined;
  },
};
