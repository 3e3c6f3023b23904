import * as v from "valibot";

const channelIds = ["email", "sms", "slack", "discord", "webpush", "fcm"] as const;

/** Most recipients of one request, over all its notifications. */
export const maxRecipients = 1_000;

/** Most notifications of one batch. */
export const maxNotifications = 100;

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
    /** RFC 3339, with an offset. */
    sendAt: v.optional(
      v.pipe(
        v.string("expected a time"),
        v.regex(
          /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/,
          "expected an RFC 3339 time with an offset: 2026-01-31T08:00:00Z",
        ),
        v.check(exists, "expected a time that exists"),
      ),
    ),
    /** Provider ids that may carry it, in order of preference. */
    providers: v.optional(
      v.pipe(
        v.array(v.string("expected a provider's id"), "expected a list of provider ids"),
        v.minLength(1, "expected at least one provider"),
        v.check((ids) => new Set(ids).size === ids.length, "expected each provider once"),
      ),
    ),
  },
  "expected an object",
);

/** `Date.parse` takes the 30th of February for the 2nd of March. */
function exists(text: string): boolean {
  const day = text.slice(0, 10);
  const parsed = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(Date.parse(text)) && parsed.toISOString().startsWith(day);
}

export type NotificationRequest = v.InferOutput<typeof notificationRequest>;

/** `POST /v1/notifications/batch`. */
export const batchRequest = v.strictObject(
  {
    notifications: v.pipe(
      v.array(notificationRequest, "expected a list"),
      v.minLength(1, "expected at least one notification"),
      v.maxLength(maxNotifications, `expected at most ${maxNotifications} notifications`),
    ),
  },
  "expected an object",
);
