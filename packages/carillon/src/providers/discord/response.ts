import { snowflakePattern } from "../../channels/discord.ts";
import type { ProviderFailure } from "../../provider/contract.ts";
import { failed, here, type Meanings } from "../../provider/failure.ts";
import { entryOf, matches, recordOf, textOf } from "../../provider/reading.ts";
import type { ProviderResponse } from "../../provider/request.ts";
import { appliedTagsField, threadNameField } from "./options.ts";

const threadIdField = "to.threadId";
const webhookUrl = { field: "to.webhookUrl" };

/**
 * `code`, of those that the requests of a webhook can meet; the others mean what their status says.
 * https://docs.discord.com/developers/topics/opcodes-and-status-codes#json (read 2026-11-23)
 */
const byCode: Meanings = [
  // Unknown webhook: "you should not attempt to use it again".
  [/ 10015$/, "recipient-gone", webhookUrl],
  // The token does not belong to the id: that URL is wrong and stays so, which says nothing of other messages. The id is
  // not gone for it, as another token may be right.
  [/ 50027$/, "rejected", webhookUrl],
  // No such thread (a webhook's own channel cannot go without it); a forum wants a thread.
  [/ (10003|40058|220001)$/, "invalid-message", { field: threadIdField }],
  // A thread's name where no forum is, or beside a thread's id; tags that are wanted, or not known.
  [/ 22000[23]$/, "invalid-message", { field: threadNameField }],
  [/ (10087|40067)$/, "invalid-message", { field: appliedTagsField }],
  // Unknown message, or not the webhook's own.
  [/ (10008|50005)$/, "invalid-message", { field: "messageId" }],
  // Too many files, too large, not valid, of no valid type, not there.
  [/ (30015|40005|50045|50046|50110|50123|50146)$/, "invalid-message", { field: "files" }],
  // Slow mode; edits of announcements; writes to the channel, the server; the resource; edits of old messages.
  [/ (20016|20022|20028|20029|30046|40062)$/, "rate-limited"],
  // Sending, or the feature, is switched off for now.
  [/ (40004|40006)$/, "unavailable", { notAccepted: true }],
  // The resource is overloaded.
  [/ 130000$/, "unavailable"],
  // Cloudflare does not like the client; the API's version is gone.
  [/ (40333|50041)$/, "rejected", here],
  // Explicit content, automatic moderation, harmful links; limits of the server; what the webhook or its server may not
  // do; a thread that is archived, or locked; a channel that takes no such message.
  [/ (20009|20000[01]|24000\d|30\d{3}|40007|40066|5000[138]|50013|50024|50083|16000[567]|220004|400001)$/, "rejected"],
];

/** Discord's fields by the caller's names, where they differ. */
const fieldNames: Readonly<Record<string, string>> = {
  content: "text",
  avatar_url: "avatarUrl",
  allowed_mentions: "allowedMentions",
  attachments: "files",
  thread_id: threadIdField,
  thread_name: threadNameField,
  applied_tags: appliedTagsField,
};

/**
 * The first error of the tree that stands beside code 50035: `{ embeds: { "0": { title: { _errors: [...] } } } }`.
 * https://docs.discord.com/developers/reference#error-messages (read 2026-11-23)
 */
function firstProblem(errors: unknown): { readonly field: string | undefined; readonly said: string | undefined } {
  const path: string[] = [];
  for (let node = recordOf(errors); ;) {
    const found = node["_errors"] as readonly unknown[] | null | undefined;
    const [next] = Object.keys(node);
    if (found || next === undefined) {
      const [name = "", ...rest] = path;
      const field = [entryOf(fieldNames, name) ?? name, ...rest].join(".");
      return { field: textOf(field), said: textOf(recordOf(found?.[0])["message"]) };
    }
    path.push(next);
    node = recordOf(node[next]);
  }
}

/** `retry_after` has the fractions of a second that `Retry-After` rounds up; the reset is for answers that have neither. */
function retryAfterMs(seconds: unknown, headers: ProviderResponse["headers"]): number | undefined {
  const reset = headers.get("x-ratelimit-reset-after");
  if (typeof seconds === "number") return Math.ceil(seconds * 1000);
  return reset === null || headers.has("retry-after") ? undefined : Math.ceil(Number(reset) * 1000);
}

export function readFailure({ status, json, headers }: ProviderResponse): ProviderFailure {
  const { code, message, errors, retry_after: seconds } = recordOf(json);
  const problem = firstProblem(errors);
  const said = [textOf(message), problem.said].filter(Boolean).join(": ");
  const failure = failed(status, typeof code === "number" && code ? `${code}` : undefined, said, byCode);
  return {
    ...failure,
    field: failure.field ?? (failure.kind === "invalid-message" ? problem.field : undefined),
    retryAfterMs: failure.kind === "rate-limited" ? retryAfterMs(seconds, headers) : undefined,
  };
}

/** 200 with the stored message, which `wait=true` waits for; an edit is answered with it, too. */
export function readDiscordMessage(
  response: ProviderResponse,
): { readonly ok: true; readonly providerMessageId: string } | ProviderFailure {
  const { id } = recordOf(response.json);
  return response.status === 200 && matches(snowflakePattern, id)
    ? { ok: true, providerMessageId: id }
    : readFailure(response);
}
