import type { ChannelId, Message } from "carillon";
import { channelsById } from "carillon/channels";
import type { AcceptedMessage, AcceptedNotification } from "../ledger/accept.ts";
import { newStem } from "../ids.ts";
import type { FieldError } from "../problem.ts";
import type { Settings } from "../settings.ts";
import { optionalCategory } from "../suppress/category.ts";
import { bringsOwnLink } from "../unsubscribe/link.ts";
import { blankMessageTo, sampleAddress } from "./address.ts";
import { isNamed, readNamed } from "./named-recipient.ts";
import { checkPushSize } from "./push-size.ts";
import { maxRecipients } from "./request.ts";
import type { NotificationRequest } from "./request.ts";
import { readWhen } from "./when.ts";

/** A message may have 20; one of them is Carillon's own. */
const maxMetadata = 19;

export const priorities = { high: 0, normal: 1, bulk: 2 } as const;

/** Of what nobody has said it of. */
export const defaultPriority = "normal";

/** A request that goes one way. */
export type ChannelRequest = Omit<NotificationRequest, "channel" | "content"> & {
  readonly channel: ChannelId;
  readonly content: Readonly<Record<string, unknown>>;
};

export type Expanded =
  | { readonly ok: true; readonly notification: AcceptedNotification; readonly notices: readonly FieldError[] }
  | { readonly ok: false; readonly errors: readonly FieldError[] };

/** Checks a request as its channel would at the send, and makes its messages: one for each address, or one envelope. */
export async function expand(request: ChannelRequest, settings: Settings, now: Date): Promise<Expanded> {
  const errors: FieldError[] = [];
  const reject = (field: string, detail: string): void => void errors.push({ field, detail });

  const recipients = Array.isArray(request.to) && request.envelope !== true ? request.to : [request.to];
  const addressCount = Array.isArray(request.to) ? request.to.length : 1;
  if (addressCount === 0) reject("to", "expected at least one address");
  const tooMany = addressCount > maxRecipients;
  if (tooMany) reject("to", `expected at most ${maxRecipients} addresses`);
  for (const [index, recipient] of Array.isArray(request.to) && !tooMany ? request.to.entries() : []) {
    if (Array.isArray(recipient))
      reject(`to.${index}`, "expected one address; `envelope: true` makes one message for all");
  }
  if (request.envelope === true && [request.to].flat().some(isNamed)) {
    reject("envelope", "expected addresses: a recipient has a message of their own");
  }
  checkProviders(request, settings, reject);
  checkContent(request, recipients.length, settings, reject);
  checkCategory(request, addressCount, settings, reject);
  const { sendAt, expiresAt, notices } = readWhen(request, now, reject);
  if (errors.length > 0) return { ok: false, errors };

  const { messages, content } = await expandRecipients(request, recipients, reject);
  if (errors.length > 0) return { ok: false, errors };
  return {
    ok: true,
    notices,
    notification: {
      stem: newStem(now),
      channel: request.channel,
      priority: priorities[request.priority ?? defaultPriority],
      sendAt,
      expiresAt,
      providers: request.providers,
      category: request.category,
      content: JSON.stringify(content),
      metadata: JSON.stringify(content["metadata"]) as string | undefined,
      messages,
    },
  };
}

export type Reject = (field: string, detail: string) => void;

async function expandRecipients(
  request: ChannelRequest,
  recipients: readonly unknown[],
  reject: Reject,
): Promise<{ messages: AcceptedNotification["messages"]; content: Record<string, unknown> }> {
  const channel = channelsById[request.channel];
  const messages: AcceptedMessage[] = [];
  const seen = new Set<string>();
  let first: Message | undefined;
  // What is derived from the content is derived once, not for every recipient and not again at the send.
  let content: Record<string, unknown> = request.content;
  for (const [index, recipient] of recipients.entries()) {
    const named = isNamed(recipient) ? readNamed(recipient) : undefined;
    if (typeof named === "object") {
      reject(fieldOf(named.field, Array.isArray(request.to) ? index : undefined), named.detail);
      continue;
    }
    // Of somebody whose addresses are not known yet, only the content can be checked.
    const to = named === undefined ? recipient : sampleAddress[request.channel];
    const readdressed =
      first !== undefined && typeof to === "string" ? channel.withRecipient(first as never, to) : undefined;
    // The content has been checked with the first recipient; of the others only the address is new.
    const message =
      readdressed ??
      (first === undefined
        ? channel.normalise({ ...content, channel: request.channel, to })
        : blankMessageTo(request.channel, to));
    if ("ok" in message) {
      reject(
        fieldOf(message.field, Array.isArray(request.to) && request.envelope !== true ? index : undefined),
        message.detail,
      );
      if (!message.field.startsWith("to")) break;
      continue;
    }
    if (first === undefined) {
      first = message;
      if ("text" in message && message.text !== undefined) content = { ...content, text: message.text };
    }
    if (named !== undefined) {
      if (seen.size < seen.add(`recipient ${named}`).size) {
        messages.push({ recipient, addresses: [], recipientId: named });
      }
      continue;
    }
    const addresses = (await channel.addresses(message as never)).map(({ key, label }) => ({ key, label }));
    const key = addresses.map((address) => address.key).join(" ");
    // Callers join lists that overlap; one copy for each address is what they mean.
    if (seen.size === seen.add(key).size) continue;
    messages.push({ recipient, addresses });
  }
  return { messages, content };
}

/** A channel's path, as the caller of this API spells it. */
export function fieldOf(field: string, index: number | undefined): string {
  if (field !== "to" && !field.startsWith("to.")) return field === "" ? "content" : `content.${field}`;
  return index === undefined ? field : `to.${index}${field.slice("to".length)}`;
}

export function checkProviders({ channel, providers }: ChannelRequest, settings: Settings, reject: Reject): void {
  const configured = (settings.providers[channel as ChannelId] ?? []).map(({ id }) => id);
  if (configured.length === 0) reject("channel", `no provider is configured for ${channel}`);
  for (const [index, id] of (providers ?? []).entries()) {
    if (!configured.includes(id)) reject(`providers.${index}`, `expected a configured provider of ${channel}`);
  }
}

/** Whoever gets what is not required must be able to leave it, each for themselves. */
export function checkCategory(request: ChannelRequest, addresses: number, settings: Settings, reject: Reject): void {
  const { category, channel, content, envelope } = request;
  if (category === undefined) return;
  if (!settings.categories.has(category)) {
    reject("category", `expected one of ${Array.from(settings.categories.keys()).join(", ")}`);
    return;
  }
  if (channel !== "email" || optionalCategory(settings.categories, category) === undefined) return;
  const isShared = (envelope === true && addresses > 1) || content["cc"] !== undefined || content["bcc"] !== undefined;
  if (isShared) reject("category", "expected one recipient a message: a link to unsubscribe can be for one only");
  else if (settings.unsubscribe === undefined && !bringsOwnLink(content)) {
    reject("category", "needs PUBLIC_URL and UNSUBSCRIBE_KEYS, or `content.unsubscribe`: nobody could unsubscribe");
  }
}

export function checkContent(request: ChannelRequest, messages: number, settings: Settings, reject: Reject): void {
  const { content } = request;
  if (request.channel === "webpush") checkPushSize(content, settings, reject);
  for (const field of ["cc", "bcc"]) {
    if (content[field] !== undefined && messages > 1) {
      reject(
        `content.${field}`,
        "expected `envelope: true` or one address in `to`: every message would be copied there",
      );
    }
  }
  const metadata = content["metadata"];
  if (typeof metadata === "object" && metadata !== null && Object.keys(metadata).length > maxMetadata) {
    reject("content.metadata", `expected at most ${maxMetadata} entries`);
  }
  for (const key of typeof metadata === "object" && metadata !== null ? Object.keys(metadata) : []) {
    if (/^carillon[_-]/.test(key))
      reject(`content.metadata.${key}`, "expected a key that does not begin with carillon");
  }
  const options = content["providerOptions"];
  for (const id of typeof options === "object" && options !== null ? Object.keys(options) : []) {
    if (!settings.known.some((provider) => provider.id === id))
      reject(`content.providerOptions.${id}`, "expected a provider's id");
  }
  for (const field of ["channel", "to"]) {
    if (field in content) reject(`content.${field}`, "is not a field of the content");
  }
}
