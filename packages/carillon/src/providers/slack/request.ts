import type { SlackMessage } from "../../channels/slack.ts";
import type { BuildContext, ProviderFailure } from "../../provider/contract.ts";
import { messageIdKey } from "../../provider/correlation.ts";
import { type FieldProblem, refusal } from "../../provider/message.ts";
import { filled } from "../../provider/reading.ts";
import type { OutboundRequest, Secret } from "../../provider/request.ts";
import { readSecret } from "../../provider/secret.ts";
import { blockProblem, isLonger } from "./blocks.ts";
import { hookMessageRules, messageRules } from "./options.ts";
import { metadataEventType, type SlackContent, type SlackPost } from "./wire.ts";

const maxText = 40_000;

/** What of Slack's limits the content breaks. A longer text would be cut without a word. */
export function contentProblems({ text = "", blocks = [] }: SlackContent): readonly FieldProblem[] {
  if (isLonger(maxText, text)) return [["text", `at most ${maxText} characters`]];
  const problem = blockProblem(blocks);
  return problem ? [problem] : [];
}

function toPost({ text, blocks, threadTs, metadata, providerOptions }: SlackMessage, messageId: string): SlackPost {
  const options = Object.entries(providerOptions["slack"] ?? {}).map(([name, value]) => [
    name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    value,
  ]);
  return {
    text,
    blocks: filled(blocks),
    thread_ts: threadTs,
    metadata: { event_type: metadataEventType, event_payload: { ...metadata, [messageIdKey]: messageId } },
    ...Object.fromEntries(options),
  };
}

/** The request for one message: to the Web API, or to the incoming webhook that is its address. */
export function postSlackMessage(
  message: SlackMessage,
  { messageId }: BuildContext,
  token: Secret | undefined,
): Promise<OutboundRequest | ProviderFailure> | OutboundRequest | ProviderFailure {
  const { to } = message;
  const rules = "id" in to ? messageRules : hookMessageRules;
  const failure = refusal("slack", message, rules, contentProblems(message));
  if (failure) return failure;
  const post = toPost(message, messageId);
  return "id" in to
    ? callSlack("chat.postMessage", { channel: to.id, ...post }, token)
    : postJson(to.webhookUrl, post, {}, to.webhookUrl);
}

/**
 * A request to a method of the Web API, or `unauthorized` where there is no token: incoming webhooks need none.
 *
 * Source: https://docs.slack.dev/apis/web-api (read 2026-11-23): without the charset Slack warns in its answer
 */
export async function callSlack(
  method: string,
  payload: object,
  token: Secret | undefined,
): Promise<OutboundRequest | ProviderFailure> {
  if (token === undefined) {
    return {
      ok: false,
      kind: "unauthorized",
      detail: "no token",
    };
  }
  const value = await readSecret(token);
  if (typeof value !== "string") return value;
  return postJson(`https://slack.com/api/${method}`, payload, { authorization: `Bearer ${value}` }, value);
}

function postJson(
  url: string,
  payload: object,
  more: Readonly<Record<string, string>>,
  ...secrets: readonly string[]
): OutboundRequest {
  const headers = { "content-type": "application/json; charset=utf-8", ...more };
  return { method: "POST", url, headers, body: JSON.stringify(payload), secrets };
}
