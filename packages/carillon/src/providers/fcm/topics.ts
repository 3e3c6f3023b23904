import { fcmAddress, tokenPattern, topicPattern } from "../../channels/fcm.ts";
import type { Provider } from "../../provider/contract.ts";
import { failed, type Meanings } from "../../provider/failure.ts";
import { refused } from "../../provider/message.ts";
import { operation, type Operation } from "../../provider/operation.ts";
import { matches, recordOf, textOf } from "../../provider/reading.ts";
import type { FailureKind } from "../../result/failure-kind.ts";
import { post } from "./request.ts";

export interface FcmTopicMembers {
  /** Without `/topics/`. */
  readonly topic: string;
  /** 1 to 1,000 registration tokens. */
  readonly tokens: readonly string[];
}

/** What became of one token; `code` is Google's. */
export type FcmTopicResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly kind: FailureKind; readonly code: string };

/**
 * Puts devices into a topic, which is made by that. The answer has one result for each token, in order: a call that is
 * `ok` may hold tokens that are not.
 *
 * @example
 * await notifier.call(subscribeToTopic(provider, { topic: "news", tokens }));
 */
export function subscribeToTopic(
  provider: Provider<"fcm">,
  members: FcmTopicMembers,
): Operation<readonly FcmTopicResult[]> {
  return change(provider, members, "batchAdd");
}

/** Takes devices out of a topic, with results as {@link subscribeToTopic} has them. One that is not in it is no error. */
export function unsubscribeFromTopic(
  provider: Provider<"fcm">,
  members: FcmTopicMembers,
): Operation<readonly FcmTopicResult[]> {
  return change(provider, members, "batchRemove");
}

/**
 * Codes of single tokens, from the table of firebase-admin 14 (`src/messaging/error.ts`, read 2026-11-23). There
 * `INVALID_ARGUMENT` is of the token alone: it is no token, and never becomes one.
 */
const kindByCode: Meanings = [
  [/^(NOT_FOUND|INVALID_ARGUMENT)/, "recipient-gone"],
  [/^RESOURCE_EXHAUSTED/, "rate-limited"],
  [/^(INTERNAL|UNKNOWN|DEADLINE_EXCEEDED)/, "unavailable"],
  // Another project's token, more topics than a device may have, and whatever comes later.
  [/^/, "rejected"],
];

const isToken = (token: unknown): boolean => matches(tokenPattern, token);

function readResult(result: unknown): FcmTopicResult {
  const { error } = recordOf(result);
  if (recordOf(result) === result && error === undefined) return { ok: true };
  const code = textOf(error) ?? "UNKNOWN";
  const [, kind] = kindByCode.find(([pattern]) => pattern.test(code))!;
  return { ok: false, kind, code };
}

/** https://developers.google.com/instance-id/reference/server#manage_relationship_maps_for_multiple_app_instances (read 2026-11-23) */
function change(
  provider: Provider<"fcm">,
  { topic, tokens: given }: FcmTopicMembers,
  method: "batchAdd" | "batchRemove",
): Operation<readonly FcmTopicResult[]> {
  // A caller without types may have given anything.
  const tokens = Array.isArray(given) ? (given as readonly string[]) : [];
  return operation(provider, {
    addresses: () => Promise.all(tokens.filter(isToken).map((token) => fcmAddress({ token }))),
    buildRequest(context) {
      if (!matches(topicPattern, topic)) return refused("topic", "a topic's name, without /topics/");
      if (!(tokens.length > 0 && tokens.length <= 1000)) return refused("tokens", "1 to 1000 tokens");
      const wrong = tokens.findIndex((token) => !isToken(token));
      if (wrong >= 0) return refused(`tokens.${wrong}`, "a registration token");
      const payload = { to: `/topics/${topic}`, registration_tokens: tokens };
      return post(`https://iid.googleapis.com/iid/v1:${method}`, payload, context, { access_token_auth: "true" });
    },
    readResponse({ status, json }) {
      const { results, error } = recordOf(json);
      if (status === 200 && Array.isArray(results) && results.length === tokens.length) {
        return { ok: true, value: results.map(readResult) };
      }
      const { status: code, message } = recordOf(error);
      return failed(status, textOf(error) ?? textOf(code), message);
    },
  });
}
