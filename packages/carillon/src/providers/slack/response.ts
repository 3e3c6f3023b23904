import type { SlackMessage } from "../../channels/slack.ts";
import type { Outcome, ProviderFailure } from "../../provider/contract.ts";
import { failed, here, type Meanings } from "../../provider/failure.ts";
import { recordOf, textOf } from "../../provider/reading.ts";
import type { ProviderResponse } from "../../provider/request.ts";
import type { SlackAnswer } from "./wire.ts";

const unfit = "invalid-message";

/**
 * `error` of the Web API, which comes with status 200, and the plain text of incoming webhooks, which comes with 4xx. They
 * come in families, and are known by the words in them.
 * https://docs.slack.dev/reference/methods/chat.postMessage#errors, chat.update, chat.delete (read 2026-11-23), and
 * https://docs.slack.dev/changelog/2016-05-17-changes-to-errors-for-incoming-webhooks (read 2026-11-23)
 */
const byError: Meanings = [
  [/rate_?limited/, "rate-limited"],
  // Of a workspace without a paid plan. Once an hour finds out soon enough; meanwhile the next provider carries on.
  [/message_limit/, "rate-limited", { retryAfterMs: 3_600_000 }],
  // What we posted was missing or cut, so there was nothing to take.
  [/ request_timeout$/, "unavailable", { notAccepted: true }],
  // Of `fatal_error` and `internal_error` it is documented that some of it may have succeeded.
  [/ (fatal|internal)_error|service_un|update_failed|_to_org|_migrating/, "unavailable"],
  // The channel takes nothing any more; nor does a webhook that was removed, or whose channel was.
  [/^200 is_archived|^4.. (channel_(is_archived|not_found)|no_service)$/, "recipient-gone", { field: "to" }],
  // A workspace's rule, or a webhook's wrong token, in a word: of that URL alone, so no credential of ours.
  [/^403 (?!undefined)/, "rejected", here],
  [/auth|token|scope|permission|login|access|account|factor|enterprise|from_app/, "unauthorized"],
  [/text| msg_too/, unfit, { field: "text" }],
  [/blocks|block_mis|attach/, unfit, { field: "blocks" }],
  [/metadata/, unfit, { field: "metadata" }],
  [/ cannot_reply|non_threadable/, unfit, { field: "threadTs" }],
  [/invalid_arguments/, unfit],
  // Refused it was, for whatever Slack comes to call it. Mostly it is the channel, which another token may reach: a private
  // one is not found by those who are not in it.
  [/^200 (?!undefined)/, "rejected", here],
];

function failureOf({ status, json, text }: ProviderResponse): ProviderFailure {
  const { ok, error, needed, response_metadata: more }: SlackAnswer = recordOf(json);
  const isWord = status > 299 && /^[a-z_]{2,64}$/.test(text);
  const said = [recordOf(more)["messages"]].flat().join("; ") || needed;
  return failed(status, isWord ? text : ok === false ? textOf(error) : undefined, said, byError);
}

/** What a method says of the message that it posted, changed or deleted: where it is, `<id of the conversation>:<ts>`. */
export function readSlackAnswer(
  response: ProviderResponse,
): { readonly ok: true; readonly providerMessageId: string } | ProviderFailure {
  const { ok, channel, ts }: SlackAnswer = recordOf(response.json);
  return response.status === 200 && ok === true && textOf(channel) && textOf(ts)
    ? { ok, providerMessageId: `${channel as string}:${ts as string}` }
    : failureOf(response);
}

/** An incoming webhook says `ok`, and no id. */
export function readSlackResponse(response: ProviderResponse, { to }: SlackMessage): Outcome {
  if ("id" in to) return readSlackAnswer(response);
  return response.status === 200 && response.text === "ok" ? { ok: true } : failureOf(response);
}
