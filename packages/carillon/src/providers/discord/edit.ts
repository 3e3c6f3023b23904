import {
  discordChannel,
  type DiscordContent,
  type DiscordMessage,
  type DiscordTarget,
  snowflakePattern,
} from "../../channels/discord.ts";
import type { Provider, ProviderFailure } from "../../provider/contract.ts";
import { refused } from "../../provider/message.ts";
import { operation, type Operation } from "../../provider/operation.ts";
import { matches } from "../../provider/reading.ts";
import type { OutboundRequest } from "../../provider/request.ts";
import { callDiscordWebhook } from "./execute.ts";
import { toWebhookMessage } from "./request.ts";
import { readDiscordMessage } from "./response.ts";

/** A message of the webhook. `to.threadId` is needed where it stands in a thread, even one that it opened itself. */
export interface DiscordMessageReference {
  readonly to: DiscordTarget;
  /** The `providerMessageId` that the send gave. */
  readonly messageId: string;
}

/** What the message says from now on: what is not named is taken away, but for files. */
export interface DiscordEdit extends DiscordMessageReference, DiscordContent {
  /** Ids of the attachments that stay. They all stay where neither this nor `files` is given. */
  readonly keepAttachments?: readonly string[] | undefined;
}

export interface DiscordEditResult {
  readonly providerMessageId: string;
}

/** What a reference refers to, or why it cannot. */
export function readReference(messageId: unknown, content: object): DiscordMessage | ProviderFailure {
  if (!matches(snowflakePattern, messageId)) return refused("messageId", "the id of a message");
  return discordChannel.normalise({ ...content, channel: "discord" });
}

/**
 * Edits a message of a webhook, for `notifier.call`. Mentions are decided anew: nobody is mentioned unless
 * `allowedMentions` says so. A message made of components alone stays one.
 *
 * Errors: `invalid-message` for content that a send would refuse, and for a message that is gone or another's.
 * Source: https://docs.discord.com/developers/resources/webhook#edit-webhook-message (read 2026-11-23)
 *
 * @example
 * await notifier.call(editDiscordMessage(provider, { to: { webhookUrl }, messageId, text: "Deployed" }));
 */
export function editDiscordMessage(provider: Provider<"discord">, edit: DiscordEdit): Operation<DiscordEditResult> {
  return operation(provider, {
    addresses: () => discordChannel.addresses(edit as DiscordEdit & DiscordMessage),
    buildRequest: () => buildEdit(edit),
    readResponse(response) {
      const outcome = readDiscordMessage(response);
      return outcome.ok ? { ok: true, value: { providerMessageId: outcome.providerMessageId } } : outcome;
    },
  });
}

function buildEdit({ messageId, keepAttachments, ...edit }: DiscordEdit): OutboundRequest | ProviderFailure {
  const { to, text, embeds, components, files, allowedMentions, ...others } = edit;
  const [other] = Object.keys(others);
  if (other !== undefined) return refused(other, "no field of this name");
  const message = readReference(messageId, { to, text, embeds, components, files, allowedMentions });
  if ("ok" in message) return message;
  const kept: unknown = keepAttachments ?? [];
  if (!Array.isArray(kept) || !kept.every((id) => matches(snowflakePattern, id))) {
    return refused("keepAttachments", "ids of attachments");
  }
  const said = toWebhookMessage(message);
  const payload = {
    ...said,
    content: said.content ?? null,
    embeds: message.embeds,
    components: message.components,
    attachments:
      keepAttachments || files
        ? [...kept.map((id) => ({ id })), ...message.files.map(({ filename }, id) => ({ id, filename }))]
        : undefined,
  };
  return callDiscordWebhook({ method: "PATCH", to: message.to, messageId, payload, files: message.files });
}
