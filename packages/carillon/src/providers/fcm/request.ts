import { dataNamePattern, type FcmMessage } from "../../channels/fcm.ts";
import type { BuildContext, ProviderFailure } from "../../provider/contract.ts";
import { messageIdKey } from "../../provider/correlation.ts";
import { type FieldProblem, isOverBytes, refusal } from "../../provider/message.ts";
import { postJson } from "../../provider/post-json.ts";
import { filled, matches, recordOf } from "../../provider/reading.ts";
import type { OutboundRequest } from "../../provider/request.ts";
import { toBlocks } from "./blocks.ts";
import { labelExpected, labelPattern, messageRules } from "./options.ts";
import type { FcmSend, FcmTopicChange } from "./wire.ts";

/** Rules of the platforms' blocks, by path, which may be spelled in snake_case or camelCase. */
const blockRules: readonly (readonly [path: RegExp, value: RegExp, expected: string])[] = [
  [/^android\.ttl$/, /^\d{1,7}(\.\d{1,9})?s$/, "seconds: 3600s"],
  [/^android\.priority$/, /^(normal|high)$/i, "normal, high"],
  [/^android\.notification\.color$/, /^#[\da-f]{6}$/i, "#rrggbb"],
  [/^\w+\.fcm_?options\.analytics_?label$/i, labelPattern, labelExpected],
  [/^webpush\.fcm_?options\.link$/i, /^https:\/\/./, "an https URL"],
];

/** What is no object, with its path. */
function* leavesOf(object: object, prefix = ""): Generator<readonly [path: string, value: unknown]> {
  for (const [name, value] of Object.entries(object)) {
    if (typeof value === "object" && value) yield* leavesOf(value, `${prefix}${name}.`);
    else if (value !== undefined) yield [prefix + name, value];
  }
}

/** What of FCM's rules can be seen in a message. */
function* problemsOf(message: FcmMessage, { messageId }: BuildContext): Generator<FieldProblem> {
  const { to, title, body, imageUrl, data, android, apns, webpush, tags, providerOptions } = message;
  // https://firebase.google.com/docs/cloud-messaging/error-codes (read 2026-11-23): keys and values count.
  const maxBytes = "token" in to ? 4096 : 2048;
  for (const [field, given] of Object.entries({
    data,
    "android.data": android?.["data"],
    "webpush.data": webpush?.["data"],
    "apns.headers": apns?.["headers"],
    "webpush.headers": webpush?.["headers"],
  })) {
    // The message's own are weighed with its texts, given or not.
    if (given === undefined && field !== "data") continue;
    const entries = Object.entries(recordOf(given));
    for (const [name, value] of entries) {
      if (!dataNamePattern.test(name) || name === messageIdKey) yield [`${field}.${name}`, "another name"];
      if (typeof value !== "string") yield [`${field}.${name}`, "text"];
    }
    const sent = [...entries.flat(), messageIdKey, messageId, title, body, imageUrl].join("");
    if (field.endsWith("data") && isOverBytes(maxBytes, sent)) {
      yield [entries[0] ? field : "body", `at most ${maxBytes} bytes of data and notification`];
    }
  }
  if (isOverBytes(4096, JSON.stringify(apns?.["payload"] ?? 0))) yield ["apns.payload", "at most 4096 bytes as JSON"];
  for (const [path, value] of leavesOf({ android, apns, webpush })) {
    const broken = blockRules.find(([where, pattern]) => where.test(path) && !matches(pattern, value));
    if (broken) yield [path, broken[2]];
  }
  const hasLabel = providerOptions["fcm"]?.["analyticsLabel"];
  if (!hasLabel && (tags.length > 1 || tags[0]?.[50])) yield ["tags", "at most 1 of at most 50 characters"];
}

/**
 * The request for one message, whose context has the token.
 *
 * Our id goes in `data`, where the app finds it and can report it back. `analytics_label` is for what many messages share:
 * it is an aggregate's name, and FCM tells nobody of a single message.
 *
 * Errors: `invalid-message` for what FCM is known to refuse.
 * Source: https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages/send (read 2026-11-23)
 */
export async function buildFcmRequest(
  message: FcmMessage,
  context: BuildContext,
  project: string,
): Promise<OutboundRequest | ProviderFailure> {
  const problem = refusal("fcm", message, messageRules, problemsOf(message, context));
  if (problem) return problem;
  const { to, title, body, imageUrl, data, tags } = message;
  const options = message.providerOptions["fcm"] ?? {};
  const sent: FcmSend = {
    message: {
      ...to,
      notification: filled({ title, body, image: imageUrl }),
      data: { ...data, [messageIdKey]: context.messageId },
      ...(await toBlocks(message, context)),
      fcm_options: filled({ analytics_label: options["analyticsLabel"] ?? tags[0] }),
    },
    validate_only: options["validateOnly"] ? true : undefined,
  };
  return post(`https://fcm.googleapis.com/v1/projects/${project}/messages:send`, sent, context);
}

/** An authorised request. What limits it has were checked. */
export function post(
  url: string,
  payload: FcmSend | FcmTopicChange,
  { token = "" }: BuildContext,
  headers?: Readonly<Record<string, string>>,
): Promise<OutboundRequest | ProviderFailure> {
  return postJson(url, payload, Infinity, token, (value) => ({ authorization: `Bearer ${value}`, ...headers }));
}
