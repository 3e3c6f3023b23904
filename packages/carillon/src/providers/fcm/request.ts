import type { FcmMessage } from "../../channels/fcm.ts";
import type { BuildContext, ProviderFailure } from "../../provider/contract.ts";
import { messageIdKey } from "../../provider/correlation.ts";
import { type FieldProblem, isOverBytes, refusal } from "../../provider/message.ts";
import { filled, matches, recordOf } from "../../provider/reading.ts";
import type { OutboundRequest } from "../../provider/request.ts";
import { toAndroid, toApns, toWebPush } from "./blocks.ts";
import { labelExpected, labelPattern, messageRules } from "./options.ts";
import type { FcmSend, FcmTopicChange } from "./wire.ts";

/** Rules of what stands in platforms' blocks, by path; a path may be spelled in snake_case or camelCase. */
const blockRules: readonly (readonly [path: RegExp, value: RegExp, expected: string])[] = [
  [/^android\.data\.(from$|message_type$|google\.|gcm\.notification\.)/, /^(?!)/, "another name"],
  [/^(android|webpush)\.data\.|^(apns|webpush)\.headers\./, /^/, "text"],
  [/^android\.ttl$/, /^\d{1,7}(\.\d{1,9})?s$/, "seconds: 3600s"],
  [/^android\.priority$/, /^(normal|high)$/i, "normal, high"],
  [/^android\.notification\.color$/, /^#[\da-f]{6}$/i, "#rrggbb"],
  [/^\w+\.fcm_?options\.analytics_?label$/i, labelPattern, labelExpected],
  [/^webpush\.fcm_?options\.link$/i, /^https:\/\/./, "an https URL"],
];

/** What of FCM's rules can be seen in a message. */
export function checkFcmMessage(message: FcmMessage, context: BuildContext): ProviderFailure | undefined {
  return refusal("fcm", message, messageRules, problemsOf(message, context));
}

function* problemsOf(message: FcmMessage, { messageId }: BuildContext): Generator<FieldProblem> {
  const { to, title, body, imageUrl, data, android, apns, webpush, tags } = message;
  // https://firebase.google.com/docs/cloud-messaging/error-codes (read 2026-11-23): keys and values count.
  const maxBytes = "token" in to ? 4096 : 2048;
  for (const [field, own] of [
    ["data", data],
    ["android.data", android?.["data"]],
    ["webpush.data", webpush?.["data"]],
  ] as const) {
    const entries = recordOf(own);
    if (Object.hasOwn(entries, messageIdKey)) yield [`${field}.${messageIdKey}`, "another name"];
    const sent = [...Object.entries(entries).flat(), messageIdKey, messageId, title, body, imageUrl].join("");
    if (isOverBytes(maxBytes, sent)) {
      yield [filled(entries) ? field : "body", `at most ${maxBytes} bytes of data and notification`];
    }
  }
  if (isOverBytes(4096, JSON.stringify(apns?.["payload"] ?? ""))) yield ["apns.payload", "at most 4096 bytes as JSON"];
  for (const [path, value] of leavesOf({ android, apns, webpush })) {
    const broken = blockRules.find(([where, pattern]) => where.test(path) && !matches(pattern, value));
    if (broken) yield [path, broken[2]];
  }
  if (!message.providerOptions["fcm"]?.["analyticsLabel"]) {
    if (tags.length > 1 || tags[0]?.[50]) yield ["tags", "at most 1 of at most 50 characters"];
  }
}

/** What is no object, with its path. */
function* leavesOf(object: object, prefix = ""): Generator<readonly [path: string, value: unknown]> {
  for (const [name, value] of Object.entries(object)) {
    if (typeof value === "object" && value) yield* leavesOf(value, `${prefix}${name}.`);
    else if (value !== undefined) yield [prefix + name, value];
  }
}

/**
 * The request for one message, whose context has the token.
 *
 * Our id goes in `data`, where the app finds it and can report it back. `analytics_label` is for what many messages share:
 * it is an aggregate's name, and FCM tells nobody of a single message.
 *
 * Source: https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages/send (read 2026-11-23)
 */
export async function buildFcmRequest(
  message: FcmMessage,
  context: BuildContext,
  project: string,
): Promise<OutboundRequest> {
  const { to, title, body, imageUrl, data, tags } = message;
  const own = { [messageIdKey]: context.messageId };
  const options = message.providerOptions["fcm"] ?? {};
  const sent: FcmSend = {
    message: {
      ...to,
      notification: filled({ title, body, image: imageUrl }),
      data: { ...data, ...own },
      android: toAndroid(message, own),
      apns: await toApns(message, context),
      webpush: await toWebPush(message, own),
      fcm_options: filled({ analytics_label: options["analyticsLabel"] ?? tags[0] }),
    },
    validate_only: options["validateOnly"] ? true : undefined,
  };
  return post(`https://fcm.googleapis.com/v1/projects/${project}/messages:send`, sent, context);
}

/** An authorised request; the core lists the token among its secrets. */
export function post(
  url: string,
  payload: FcmSend | FcmTopicChange,
  { token }: BuildContext,
  headers?: Readonly<Record<string, string>>,
): OutboundRequest {
  return {
    method: "POST",
    url,
    headers: { "content-type": "application/json", authorization: `Bearer ${token}`, ...headers },
    body: JSON.stringify(payload),
    secrets: [],
  };
}
