import type { Address, ChannelDefinition, Extras, MessageExtras } from "./definition.ts";
import { normaliseWith } from "./check.ts";
import type { Reject } from "./check.ts";
import { secretAddress } from "./label.ts";
import { either, object, oneOf, optional, record, text as textOf, whole } from "../rule/rules.ts";
import { extras, fillExtras, httpsUrl, jsonObject } from "./common-rules.ts";

export type FcmTarget = { readonly token: string } | { readonly topic: string } | { readonly condition: string };

/** Keys of its addresses: `token:<SHA-256>`, `topic:news`, `condition:'a' in topics`. */
export interface FcmInput extends Extras {
  readonly channel: "fcm";
  readonly to: FcmTarget;
  readonly title?: string | undefined;
  readonly body?: string | undefined;
  readonly imageUrl?: string | undefined;
  readonly data?: Readonly<Record<string, string>> | undefined;
  /** Platform blocks as the HTTP v1 API has them. */
  readonly android?: Readonly<Record<string, unknown>> | undefined;
  readonly apns?: Readonly<Record<string, unknown>> | undefined;
  readonly webpush?: Readonly<Record<string, unknown>> | undefined;
  readonly collapseKey?: string | undefined;
  readonly ttlSeconds?: number | undefined;
  readonly priority?: "normal" | "high" | undefined;
}

export interface FcmMessage extends MessageExtras {
  readonly channel: "fcm";
  readonly to: FcmTarget;
  readonly title?: string | undefined;
  readonly body?: string | undefined;
  readonly imageUrl?: string | undefined;
  readonly data: Readonly<Record<string, string>>;
  readonly android?: Readonly<Record<string, unknown>> | undefined;
  readonly apns?: Readonly<Record<string, unknown>> | undefined;
  readonly webpush?: Readonly<Record<string, unknown>> | undefined;
  readonly collapseKey?: string | undefined;
  readonly ttlSeconds?: number | undefined;
  readonly priority?: "normal" | "high" | undefined;
}

export const tokenPattern: RegExp = /^[A-Za-z0-9_:-]{1,4096}$/;
const token = textOf("a registration token", tokenPattern);
/** Names that the service does not keep for itself. */
export const dataNamePattern: RegExp = /^(?!(?:from|message_type)$|google\.|gcm\.notification\.)/;
/** Without `/topics/`. */
export const topicPattern: RegExp = /^[a-zA-Z0-9_.~%-]{1,900}$/;

const has =
  (key: string) =>
  (input: unknown): boolean =>
    Object.hasOwn(Object(input), key);

// https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages
const address = either<FcmTarget, FcmTarget>(
  has("topic"),
  object({ topic: textOf("a topic's name, without /topics/", topicPattern) }),
  either<FcmTarget, FcmTarget>(
    has("condition"),
    object({ condition: textOf("a condition: 'a' in topics && ...", /^[ !-~]{1,4096}$/) }),
    object({ token }),
  ),
);

const anyText = textOf("text", /^/);

const entries = {
  title: optional(anyText),
  body: optional(anyText),
  imageUrl: optional(httpsUrl),
  data: optional(record(textOf("keys that the service does not reserve", dataNamePattern), anyText)),
  android: optional(jsonObject),
  apns: optional(jsonObject),
  webpush: optional(jsonObject),
  collapseKey: optional(anyText),
  ttlSeconds: optional(whole(0, 2_419_200)),
  priority: optional(oneOf("normal", "high")),
  ...extras,
};

const inputRule = object<FcmInput>({
  channel: oneOf("fcm"),
  to: address,
  ...entries,
});

function toMessage(input: FcmInput, reject: Reject): FcmMessage {
  const { to, title, body, imageUrl, data = {}, android, apns, webpush, collapseKey, ttlSeconds, priority } = input;
  if ("condition" in to && !isCondition(to.condition)) {
    reject("to.condition", "up to five of 'name' in topics, joined by &&, ||, ! and parentheses");
  }
  if (Object.keys(data).length === 0 && !title && !body && !imageUrl && !android && !apns && !webpush) {
    reject("title", "a title, a body, data or a platform's block");
  }
  return {
    channel: "fcm",
    to,
    title,
    body,
    imageUrl,
    data,
    android,
    apns,
    webpush,
    collapseKey,
    ttlSeconds,
    priority,
    ...fillExtras(input, reject),
  };
}

/** Replaces each part that is whole by § until nothing is left to replace: what remains of a condition is one §. */
function isCondition(condition: string): boolean {
  let topics = 0;
  let rest = condition.replace(/'[a-zA-Z0-9_.~%-]+' in topics/g, () => {
    topics++;
    return "§";
  });
  if (topics > 5) return false;
  rest = rest.replaceAll(" ", "");
  for (let before = ""; before !== rest;) {
    before = rest;
    rest = rest.replace(/!§|\(§\)|§(?:&&|\|\|)§/g, "§");
  }
  return rest === "§";
}

/** A token is a secret; topics and conditions are not. */
export async function fcmAddress(to: FcmTarget): Promise<Address> {
  if ("token" in to) {
    const hashed = await secretAddress(to.token, "token", [to.token]);
    return { ...hashed, key: `token:${hashed.key}` };
  }
  const key = "topic" in to ? `topic:${to.topic}` : `condition:${to.condition}`;
  return { key, label: key, secrets: [] };
}

export const fcmChannel: ChannelDefinition<"fcm", FcmMessage> = {
  id: "fcm",
  normalise: (input) => normaliseWith(inputRule, input, toMessage),
  addresses: async ({ to }) => [await fcmAddress(to)],
  /** To the device of that token. */
  withRecipient: (message, to) => (tokenPattern.test(to) ? { ...message, to: { token: to } } : undefined),
};
