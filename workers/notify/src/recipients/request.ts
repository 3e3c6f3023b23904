import type { ChannelId } from "carillon";
import { channelsById } from "carillon/channels";
import { recipientIdPattern } from "carillon/recipient-token";
import * as v from "valibot";
import { blankMessageTo } from "../accept/address.ts";
import type { RecipientAddress } from "../directory/recipients.ts";
import { invalid } from "../problem.ts";
import type { FieldError } from "../problem.ts";
import { isPlainObject } from "./plain-object.ts";
import { isZone } from "../schedule/cron.ts";

/** Of one recipient, on one channel. */
const maxAddresses = 10;

/** Of `data`, as JSON in UTF-8. */
export const maxDataBytes = 16_384;

/** Of a request about one recipient: addresses, data, and room around them. */
export const maxRecipientBytes = 131_072;

/** Where a person's addresses are the app's to give. Push subscriptions and FCM tokens are registered as devices. */
const addressChannels = ["email", "sms", "slack", "discord"] as const satisfies readonly ChannelId[];

/** One, or a list: what each must be is the channel's to say. */
const addressList = v.custom<unknown>(
  (given) => (Array.isArray(given) ? given.length <= maxAddresses : isAddress(given)),
  `expected an address, or a list of at most ${maxAddresses}`,
);

function isAddress(given: unknown): given is string | Readonly<Record<string, unknown>> {
  return typeof given === "string" || isPlainObject(given);
}

const locale = v.pipe(
  v.string("expected a language tag: en-GB"),
  v.maxLength(35, "expected a language tag: en-GB"),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    try {
      const [tag] = Intl.getCanonicalLocales(dataset.value);
      if (tag !== undefined) return tag;
    } catch {
      // Not well-formed.
    }
    addIssue({ message: "expected a language tag: en-GB" });
    return NEVER;
  }),
);

const zone = v.pipe(
  v.string("expected an IANA time zone: Europe/Berlin"),
  v.check(isZone, "expected an IANA time zone: Europe/Berlin"),
);

const data = v.custom<Readonly<Record<string, unknown>>>(isPlainObject, "expected an object");

/** `PUT /v1/recipients/:id`: what is absent is empty. */
export const recipientRequest = v.strictObject(
  {
    addresses: v.optional(
      v.strictObject(
        Object.fromEntries(addressChannels.map((channel) => [channel, v.optional(addressList)])),
        `expected an object by channel: ${addressChannels.join(", ")}`,
      ),
    ),
    locale: v.nullish(locale),
    zone: v.nullish(zone),
    data: v.nullish(data),
  },
  "expected an object",
);

/** `PATCH /v1/recipients/:id`, as in RFC 7396: what is absent stays, null takes away, lists are replaced whole. */
export const recipientPatch = v.strictObject(
  {
    addresses: v.optional(
      v.strictObject(
        Object.fromEntries(addressChannels.map((channel) => [channel, v.nullish(addressList)])),
        `expected an object by channel: ${addressChannels.join(", ")}`,
      ),
    ),
    locale: v.nullish(locale),
    zone: v.nullish(zone),
    data: v.nullish(data),
  },
  "expected an object",
);

export function readRecipientId(id: string | undefined): string {
  if (id !== undefined && recipientIdPattern.test(id)) return id;
  const detail = "expected 1 to 128 characters of A-Z, a-z, 0-9 and ._~:@|+=-, the first a letter, a digit or _";
  throw invalid([{ field: "id", detail }]);
}

/** A channel's addresses as the channel normalises them, each once, in the order that was given. */
export async function readAddresses(given: Readonly<Record<string, unknown>>): Promise<readonly RecipientAddress[]> {
  const errors: FieldError[] = [];
  const found: RecipientAddress[] = [];
  for (const channel of addressChannels) {
    const list = given[channel];
    if (list === undefined || list === null) continue;
    for (const [index, one] of (Array.isArray(list) ? list : [list]).entries()) {
      const path = `addresses.${channel}${Array.isArray(list) ? `.${index}` : ""}`;
      if (!isAddress(one)) {
        errors.push({ field: path, detail: "expected one address of the channel" });
        continue;
      }
      const message = blankMessageTo(channel, one);
      if ("ok" in message) {
        errors.push({ field: message.field.replace(/^to\b/, path), detail: message.detail });
        continue;
      }
      const [known] = await channelsById[channel].addresses(message as never);
      if (known === undefined || found.some((each) => each.channel === channel && each.addressKey === known.key))
        continue;
      const position = found.filter((each) => each.channel === channel).length;
      found.push({ channel, addressKey: known.key, address: one, label: known.label, position });
    }
  }
  if (errors.length > 0) throw invalid(errors);
  return found;
}

/** JSON of the custom data; refused where it is too large. */
export function writeData(value: unknown): string {
  const json = JSON.stringify(value);
  if (new TextEncoder().encode(json).length > maxDataBytes) {
    throw invalid([{ field: "data", detail: `expected at most ${maxDataBytes} bytes of JSON` }]);
  }
  return json;
}

/** RFC 7396. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isPlainObject(patch)) return patch;
  const merged: Record<string, unknown> = isPlainObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = mergePatch(merged[name], value);
  }
  return merged;
}
