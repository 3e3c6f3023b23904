import {
  integer,
  literal,
  maxValue,
  minValue,
  number,
  optional,
  picklist,
  pipe,
  record,
  regex,
  strictObject,
  string,
  union,
} from "valibot";
import type { GenericSchema } from "valibot";
import type { Address, Channel, Extras, MessageExtras } from "./channel.ts";
import { normaliseWith } from "./check.ts";
import type { Reject } from "./check.ts";
import { secretAddress } from "./label.ts";
import { extras, fillExtras, httpsUrl, jsonObject } from "./schemas.ts";

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

const tokenPattern = /^[A-Za-z0-9_:-]{1,4096}$/;
const token = /* @__PURE__ */ pipe(string(), regex(tokenPattern, "expected a registration token"));

// https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages
const address = /* @__PURE__ */ union([
  strictObject({ token }),
  strictObject({
    topic: pipe(string(), regex(/^[a-zA-Z0-9_.~%-]{1,900}$/, "expected a topic's name, without /topics/")),
  }),
  strictObject({ condition: pipe(string(), regex(/^[ !-~]{1,4096}$/, "expected a condition: 'a' in topics && ...")) }),
]);

const entries = {
  title: /* @__PURE__ */ optional(string()),
  body: /* @__PURE__ */ optional(string()),
  imageUrl: /* @__PURE__ */ optional(httpsUrl),
  data: /* @__PURE__ */ optional(
    record(
      pipe(
        string(),
        regex(/^(?!(?:from|message_type)$|google\.|gcm\.notification\.)/, "expected no key that the service reserves"),
      ),
      string(),
    ),
  ),
  android: /* @__PURE__ */ optional(jsonObject),
  apns: /* @__PURE__ */ optional(jsonObject),
  webpush: /* @__PURE__ */ optional(jsonObject),
  collapseKey: /* @__PURE__ */ optional(string()),
  ttlSeconds: /* @__PURE__ */ optional(
    pipe(number(), integer("expected whole seconds"), minValue(0), maxValue(2_419_200)),
  ),
  priority: /* @__PURE__ */ optional(picklist(["normal", "high"])),
  ...extras,
};

const inputSchema: GenericSchema<FcmInput> = /* @__PURE__ */ strictObject({
  channel: literal("fcm"),
  to: address,
  ...entries,
});

function toMessage(input: FcmInput, reject: Reject): FcmMessage {
  const { to, title, body, imageUrl, data = {}, android, apns, webpush, collapseKey, ttlSeconds, priority } = input;
  if ("condition" in to && !isCondition(to.condition)) {
    reject("to.condition", "expected up to five of 'name' in topics, joined by &&, ||, ! and parentheses");
  }
  if (Object.keys(data).length === 0 && !title && !body && !imageUrl && !android && !apns && !webpush) {
    reject("title", "expected a title, a body, data or a platform's block");
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

async function toAddress(to: FcmMessage["to"]): Promise<Address> {
  if ("token" in to) {
    const hashed = await secretAddress(to.token, "token", [to.token]);
    return { ...hashed, key: `token:${hashed.key}` };
  }
  const key = "topic" in to ? `topic:${to.topic}` : `condition:${to.condition}`;
  return { key, label: key, secrets: [] };
}

export const fcmChannel: Channel<"fcm"> = {
  id: "fcm",
  address,
  content: /* @__PURE__ */ strictObject(entries),
  normalise: (input) => normaliseWith(inputSchema, input, toMessage),
  addresses: async ({ to }) => [await toAddress(to)],
  /** To the device of that token. */
  withRecipient: (message, to) => (tokenPattern.test(to) ? { ...message, to: { token: to } } : undefined),
};
