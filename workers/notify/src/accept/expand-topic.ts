import { channelsById } from "carillon/channels";
import { newStem } from "../ids.ts";
import { isPlainObject } from "../recipients/plain-object.ts";
import type { Settings } from "../settings.ts";
import { isTopicId } from "../topics/request.ts";
import type { FieldError } from "../problem.ts";
import { sampleAddress } from "./address.ts";
import { checkCategory, checkContent, checkProviders, fieldOf, priorities } from "./expand.ts";
import type { ChannelRequest, Expanded } from "./expand.ts";
import { readWhen } from "./when.ts";

/** In the place of addresses: all members of a topic that Carillon keeps. */
export interface TopicAddress {
  readonly topic: unknown;
  /** Of the channel `fcm`, whose own topics are addresses: ours, not Firebase's. */
  readonly keptBy?: unknown;
}

export function isTopic(channel: string | undefined, to: unknown): to is TopicAddress {
  return isPlainObject(to) && "topic" in to && (channel !== "fcm" || "keptBy" in to);
}

/** Checks a request to a topic as its channel would at the send. Its messages are made when it is due. */
export function expandTopic(
  request: ChannelRequest & { readonly to: TopicAddress },
  settings: Settings,
  now: Date,
): Expanded {
  const errors: FieldError[] = [];
  const reject = (field: string, detail: string): void => void errors.push({ field, detail });
  const { channel, content, to, category } = request;
  const { topic, keptBy = "carillon", ...rest }: TopicAddress = to;
  if (!isTopicId(topic)) reject("to.topic", "expected a topic's id");
  if (keptBy !== "carillon") reject("to.keptBy", "expected carillon");
  for (const field of Object.keys(rest)) reject(`to.${field}`, "is not a field of a topic");
  if (request.envelope !== undefined) reject("envelope", "is not for a topic: each member has a message of their own");
  checkProviders(request, settings, reject);
  // Of many recipients, as far as copies and links to unsubscribe go.
  checkContent(request, 2, settings, reject);
  checkCategory(request, 1, settings, reject);
  const { sendAt, expiresAt, notices } = readWhen(request, now, reject);
  const message = channelsById[channel].normalise({ ...content, channel, to: sampleAddress[channel] });
  if ("ok" in message) reject(fieldOf(message.field, undefined), message.detail);
  if (errors.length > 0) return { ok: false, errors };
  const derived = "text" in message && message.text !== undefined ? { ...content, text: message.text } : content;
  return {
    ok: true,
    notices,
    notification: {
      stem: newStem(now),
      channel,
      // Nobody waits for any one of so many.
      priority: priorities[request.priority ?? "bulk"],
      sendAt,
      expiresAt,
      providers: request.providers,
      category,
      content: JSON.stringify(derived),
      metadata: JSON.stringify(derived["metadata"]) as string | undefined,
      messages: [],
      topic: topic as string,
    },
  };
}
