import type { DiscordMessage } from "../../channels/discord.ts";
import type { ProviderFailure } from "../../provider/contract.ts";
import { type FieldProblem, refusal } from "../../provider/message.ts";
import { filled } from "../../provider/reading.ts";
import type { OutboundRequest } from "../../provider/request.ts";
import { callDiscordWebhook } from "./execute.ts";
import { appliedTagsField, messageRules, threadNameField } from "./options.ts";
import { type DiscordWebhookMessage, isComponentsV2, suppressEmbeds, suppressNotifications } from "./wire.ts";

/** What a message says, for an execution and an edit alike. */
export function toWebhookMessage(message: DiscordMessage): DiscordWebhookMessage {
  const { text, embeds, components, isAllComponents, allowedMentions } = message;
  return {
    content: text,
    embeds: filled(embeds),
    components: filled(components),
    allowed_mentions: allowedMentions,
    flags: isAllComponents ? isComponentsV2 : undefined,
  };
}

/**
 * Executes the webhook. Discord has no field for ids and metadata of ours in a webhook's message, and no idempotency key:
 * `nonce` is for messages of bots.
 *
 * Errors: `invalid-message` for `providerOptions` that Discord is known to refuse.
 * Source: https://docs.discord.com/developers/resources/webhook#execute-webhook (read 2026-11-23)
 */
export function buildDiscordRequest(message: DiscordMessage): OutboundRequest | ProviderFailure {
  const { to, files, username, avatarUrl } = message;
  const options = message.providerOptions["discord"] ?? {};
  const { threadName, appliedTags, tts } = options;
  const problems: FieldProblem[] = [];
  if (to.threadId && threadName) problems.push([threadNameField, "none beside to.threadId"]);
  if (appliedTags && !threadName) problems.push([appliedTagsField, "a threadName beside them"]);
  const said = toWebhookMessage(message);
  const flags =
    (said.flags ?? 0) +
    (options["suppressEmbeds"] ? suppressEmbeds : 0) +
    (options["suppressNotifications"] ? suppressNotifications : 0);
  const payload: DiscordWebhookMessage = {
    ...said,
    username,
    avatar_url: avatarUrl,
    tts,
    attachments: filled(files.map(({ filename }, id) => ({ id, filename }))),
    flags: flags || undefined,
    thread_name: threadName,
    applied_tags: appliedTags,
  };
  return (
    refusal("discord", message, messageRules, problems) ??
    callDiscordWebhook({ method: "POST", to, wait: true, payload, files })
  );
}
