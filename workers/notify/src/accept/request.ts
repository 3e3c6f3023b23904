import * as v from "valibot";
import { duration, moment } from "./when.ts";

const channelIds = ["email", "sms", "slack", "discord", "webpush", "fcm"] as const;

/** Most recipients of one request, over all its notifications. */
export const maxRecipients = 1_000;

/** Most notifications of one batch. */
export const maxNotifications = 100;

/** More than this build has. */
const maxProviders = 100;

/** `POST /v1/notifications`. What is inside `to` and `content` is checked by the channel. */
export const notificationRequest = v.strictObject(
  {
    channel: v.picklist(channelIds, `expected one of ${channelIds.join(", ")}`),
    /** One address, or a list: one message each, or with `envelope` one message to all. */
    to: v.union(
      [v.string(), v.array(v.unknown()), v.record(v.string(), v.unknown())],
      "expected an address or a list of addresses",
    ),
    content: v.record(v.string(), v.unknown(), "expected an object"),
    envelope: v.optional(v.boolean("expected true or false")),
    priority: v.optional(v.picklist(["high", "normal", "bulk"], "expected high, normal or bulk"), "normal"),
    /** What kind it is: decides whether an opt-out holds. Known ones: `transactional`, `marketing`, and `CATEGORIES`. */
    category: v.optional(v.string("expected a category's name")),
    /** When it is due: then, or after a while. */
    sendAt: v.optional(moment),
    delay: v.optional(duration),
    /** Nothing is sent from then on, or so long after it was due. */
    expiresAt: v.optional(moment),
    ttl: v.optional(duration),
    /** Provider ids that may carry it, in order of preference. */
    providers: v.optional(
      v.pipe(
        v.array(v.unknown(), "expected a list of provider ids"),
        v.minLength(1, "expected at least one provider"),
        v.maxLength(maxProviders, `expected at most ${maxProviders} providers`),
        v.array(v.string("expected a provider's id")),
        v.check((ids) => new Set(ids).size === ids.length, "expected each provider once"),
      ),
    ),
  },
  "expected an object",
);

export type NotificationRequest = v.InferOutput<typeof notificationRequest>;

/** `POST /v1/notifications/batch`. */
export const batchRequest = v.strictObject(
  {
    notifications: v.pipe(
      // Counted before any is looked at.
      v.array(v.unknown(), "expected a list"),
      v.minLength(1, "expected at least one notification"),
      v.maxLength(maxNotifications, `expected at most ${maxNotifications} notifications`),
      v.array(notificationRequest),
    ),
  },
  "expected an object",
);
