import { utf8 } from "../../wire/bytes.ts";
import { objectOf, stringOf } from "../../wire/json.ts";
import type { Violation } from "./errors.ts";
import { type Field, type Fields, type Message, readMessage } from "./fields.ts";

// https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages

const text: Field = { type: "TYPE_STRING" };
const flag: Field = { type: "TYPE_BOOL" };
const int: Field = { type: "TYPE_INT32" };
const float: Field = { type: "TYPE_FLOAT" };
const map: Field = { type: "map" };
const struct: Field = { type: "struct" };
const duration: Field = { type: "TYPE_STRING", pattern: /^-?\d{1,12}(\.\d{1,9})?s$/ };
const timestamp: Field = {
  type: "TYPE_STRING",
  pattern: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/,
};
const list = (of: Field): Field => ({ type: "repeated", of });
const message = (fields: Fields): Field => ({ type: "message", fields });
const oneOf = (name: string, ...values: readonly string[]): Field => ({ type: "enum", name, values });

const fcmOptions: Fields = { analytics_label: text };

const androidNotification: Fields = {
  title: text,
  body: text,
  icon: text,
  color: text,
  sound: text,
  tag: text,
  click_action: text,
  body_loc_key: text,
  body_loc_args: list(text),
  title_loc_key: text,
  title_loc_args: list(text),
  channel_id: text,
  ticker: text,
  sticky: flag,
  event_time: timestamp,
  local_only: flag,
  notification_priority: oneOf(
    "AndroidNotification.NotificationPriority",
    ...["UNSPECIFIED", "MIN", "LOW", "DEFAULT", "HIGH", "MAX"].map((name) => `PRIORITY_${name}`),
  ),
  default_sound: flag,
  default_vibrate_timings: flag,
  default_light_settings: flag,
  vibrate_timings: list(duration),
  visibility: oneOf("AndroidNotification.Visibility", "VISIBILITY_UNSPECIFIED", "PRIVATE", "PUBLIC", "SECRET"),
  notification_count: int,
  light_settings: message({
    color: message({ red: float, green: float, blue: float, alpha: float }),
    light_on_duration: duration,
    light_off_duration: duration,
  }),
  image: text,
  bypass_proxy_notification: flag,
  proxy: oneOf("AndroidNotification.Proxy", "PROXY_UNSPECIFIED", "ALLOW", "DENY", "IF_PRIORITY_LOWERED"),
};

const request: Fields = {
  validate_only: flag,
  message: message({
    name: text,
    token: text,
    topic: text,
    condition: text,
    data: map,
    notification: message({ title: text, body: text, image: text }),
    android: message({
      collapse_key: text,
      priority: oneOf("AndroidMessagePriority", "NORMAL", "HIGH"),
      ttl: duration,
      restricted_package_name: text,
      data: map,
      notification: message(androidNotification),
      fcm_options: message(fcmOptions),
      direct_boot_ok: flag,
      bandwidth_constrained_ok: flag,
      restricted_satellite_ok: flag,
    }),
    apns: message({
      headers: map,
      payload: struct,
      fcm_options: message({ ...fcmOptions, image: text }),
      live_activity_token: text,
    }),
    webpush: message({
      headers: map,
      data: map,
      notification: struct,
      fcm_options: message({ ...fcmOptions, link: text }),
    }),
    fcm_options: message(fcmOptions),
  }),
};

const targets = ["token", "topic", "condition"] as const;

export interface FcmRequest {
  /** In snake_case. */
  readonly message: Message;
  readonly target: { readonly kind: (typeof targets)[number]; readonly value: string };
  readonly validateOnly: boolean;
}

/** The request, or everything that is wrong with it. */
export function readFcmRequest(json: unknown): FcmRequest | { readonly violations: readonly Violation[] } {
  const violations: Violation[] = [];
  const read = readMessage(json, request, "", violations);
  if (violations.length > 0) return { violations };
  const sent = objectOf(read["message"]) ?? {};
  const [kind, ...more] = targets.filter((name) => stringOf(sent[name]) !== undefined);
  if (!kind) return { violations: [{ field: "message", description: "Recipient of the message is not set." }] };
  for (const other of more) {
    const description = `Invalid value at 'message' (oneof), oneof field 'target' is already set. Cannot set '${other}'`;
    violations.push({ field: "message", description });
  }
  const target = { kind, value: String(sent[kind]) };
  violations.push(...ruleViolations(sent, target));
  if (violations.length > 0) return { violations };
  return { message: sent, target, validateOnly: read["validate_only"] === true };
}

const label = /^[a-zA-Z0-9_.~%-]{1,50}$/;
const reserved = /^(from$|message_type$|google\.|gcm\.notification\.)/;

/** What the types do not say: https://firebase.google.com/docs/cloud-messaging/error-codes. */
function* ruleViolations(sent: Message, { kind, value }: FcmRequest["target"]): Generator<Violation> {
  const violation = (field: string, description: string): Violation => ({ field: `message.${field}`, description });
  if (kind === "topic" && !/^[a-zA-Z0-9_.~%-]+$/.test(value)) yield violation("topic", "Malformed topic name");
  if (kind === "condition" && !isCondition(value)) yield violation("condition", "Invalid topic condition");
  const maxBytes = kind === "token" ? 4096 : 2048;
  const notification = Object.values(objectOf(sent["notification"]) ?? {});
  for (const platform of [undefined, "android", "webpush"]) {
    const data = objectOf((platform === undefined ? sent : objectOf(sent[platform]))?.["data"]) ?? {};
    const field = platform === undefined ? "data" : `${platform}.data`;
    for (const key of Object.keys(data))
      if (reserved.test(key)) yield violation(field, `Invalid data payload key: ${key}`);
    const payload = [...Object.entries(data).flat(), ...notification].join("");
    if (utf8(payload).length > maxBytes) yield violation(field, "Message is too big");
  }
  const android = objectOf(sent["android"]);
  const seconds = Number.parseFloat(stringOf(android?.["ttl"]) ?? "0");
  if (seconds < 0 || seconds > 2_419_200) yield violation("android.ttl", "Invalid ttl value");
  const color = stringOf(objectOf(android?.["notification"])?.["color"]);
  if (color !== undefined && !/^#[0-9a-fA-F]{6}$/.test(color))
    yield violation("android.notification.color", "Invalid color");
  const payload = objectOf(sent["apns"])?.["payload"];
  if (payload !== undefined && utf8(JSON.stringify(payload)).length > 4096)
    yield violation("apns.payload", "APNS payload is too big");
  const link = stringOf(objectOf(objectOf(sent["webpush"])?.["fcm_options"])?.["link"]);
  if (link !== undefined && !link.startsWith("https://"))
    yield violation("webpush.fcm_options.link", "Link must be an HTTPS URL");
  for (const prefix of ["", "android.", "apns.", "webpush."]) {
    const block = prefix === "" ? sent : objectOf(sent[prefix.slice(0, -1)]);
    const given = stringOf(objectOf(block?.["fcm_options"])?.["analytics_label"]);
    if (given !== undefined && !label.test(given))
      yield violation(`${prefix}fcm_options.analytics_label`, "Invalid analytics label");
  }
}

/** `'a' in topics`, with `&&`, `||`, `!` and parentheses, of at most five topics. */
export function isCondition(condition: string): boolean {
  const tokens = condition.match(/'[a-zA-Z0-9_.~%-]+' in topics|&&|\|\||[!()]|\S/g) ?? [];
  let at = 0;
  let topics = 0;
  const operand = (): boolean => {
    const token = tokens[at++];
    if (token === "!") return operand();
    if (token === "(") return expression() && tokens[at++] === ")";
    topics += 1;
    return token?.endsWith("in topics") === true;
  };
  const expression = (): boolean => {
    if (!operand()) return false;
    while (tokens[at] === "&&" || tokens[at] === "||") {
      at += 1;
      if (!operand()) return false;
    }
    return true;
  };
  return expression() && at === tokens.length && topics <= 5;
}
