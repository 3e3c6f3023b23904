import * as v from "valibot";
import { channel, providers, route } from "./route-request.ts";
import { duration, moment } from "./when.ts";

/** Most recipients of one request, over all its notifications. */
export const maxRecipients = 1_000;

/** Most notifications of one batch. */
export const maxNotifications = 100;

/** `POST /v1/notifications`. What is inside `to` and `content` is checked by the channel. */
export const notificationRequest = v.strictObject(
  {
    channel: v.optional(channel),
    /** In the place of a channel: what is tried after what. */
    route: v.optional(route),
    /**
     * One address, or a list: one message each, or with `envelope` one message to all. With a route a person, or a list of
     * them: an object of addresses by channel.
     */
    to: v.union(
      [v.string(), v.array(v.unknown()), v.record(v.string(), v.unknown())],
      "expected an address or a list of addresses",
    ),
    /** With a route: an object of contents by channel. */
    content: v.optional(v.record(v.string(), v.unknown(), "expected an object")),
    envelope: v.optional(v.boolean("expected true or false")),
    /** Where it is not said: bulk to a topic, normal to anybody else. */
    priority: v.optional(v.picklist(["high", "normal", "bulk"], "expected high, normal or bulk")),
    /** What kind it is: decides whether an opt-out holds. Known ones: `transactional`, `marketing`, and `CATEGORIES`. */
    category: v.optional(v.string("expected a category's name")),
    /** When it is due: then, or after a while. */
    sendAt: v.optional(moment),
    delay: v.optional(duration),
    /** Nothing is sent from then on, or so long after it was due. */
    expiresAt: v.optional(moment),
    ttl: v.optional(duration),
    /** Provider ids that may carry it, in order of preference. */
    providers: v.optional(providers),
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
