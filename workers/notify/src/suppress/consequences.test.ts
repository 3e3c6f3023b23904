import { eventTypes } from "carillon";
import type { DeliveryEvent, EventType } from "carillon";
import { describe, expect, it } from "vitest";
import { consequenceOf, consequenceOfRefusal } from "./consequences.ts";

function event(provider: string, type: EventType, more: Partial<DeliveryEvent> = {}): DeliveryEvent {
  return { id: "1", provider, type, occurredAt: new Date(0), providerType: type, raw: {}, ...more };
}

const bounced = { kind: "suppress", reason: "bounced" };
const complained = { kind: "suppress", reason: "complained" };
const listed = { kind: "suppress", reason: "provider-listed" };
const gone = { kind: "suppress", reason: "recipient-gone" };
const optOut = { kind: "opt-out" };
const ownOptOut = { kind: "opt-out", own: true };

describe("what an event causes for its address", () => {
  it("is decided by its type where its provider says no more", () => {
    const caused = eventTypes.map((type) => [type, consequenceOf(event("anybody", type))?.kind]);
    expect(Object.fromEntries(caused)).toEqual({
      accepted: undefined,
      sent: undefined,
      deferred: undefined,
      delivered: "received",
      opened: "received",
      clicked: "received",
      soft_bounced: "soft",
      bounced: "suppress",
      complained: "suppress",
      unsubscribed: "opt-out",
      failed: undefined,
      suppressed: "suppress",
      unrecognized: undefined,
    });
  });

  const resend = (reason?: string): object => ({ data: { suppressed: { reason } } });
  const postmark = (SuppressSending: boolean, SuppressionReason: string | null): object => ({
    SuppressSending,
    SuppressionReason,
  });
  const topics = (isOut: boolean, wasOut = false): object => ({
    subscription: {
      newTopicPreferences: { unsubscribeAll: isOut },
      oldTopicPreferences: { unsubscribeAll: wasOut },
    },
  });

  it.each<[string, DeliveryEvent, object | undefined]>([
    ["Resend, after a bounce", event("resend", "suppressed", { raw: resend("previous_bounce") }), bounced],
    ["Resend, after a complaint", event("resend", "suppressed", { raw: resend("previous_complaint") }), complained],
    ["Resend, without a reason", event("resend", "suppressed", { raw: resend() }), listed],
    ...(
      [
        ["bounce", bounced],
        ["complaint", complained],
        ["manual", listed],
      ] as const
    ).map(([origin, caused]): [string, DeliveryEvent, object] => [
      `Resend's list, for ${origin}`,
      event("resend", "suppressed", { providerType: "suppression.added", raw: { data: { origin } } }),
      caused,
    ]),
    [
      "Resend's list, from which it is taken",
      event("resend", "unrecognized", { providerType: "suppression.removed", raw: { data: { origin: "bounce" } } }),
      { kind: "lift", of: "everything" },
    ],
    ["SendGrid's bounces", event("sendgrid", "suppressed", { reason: "Bounced Address" }), bounced],
    ["SendGrid's unsubscribes", event("sendgrid", "suppressed", { reason: "Unsubscribed Address" }), optOut],
    ["SendGrid's spam reports", event("sendgrid", "suppressed", { reason: "Spam Reporting Address" }), complained],
    ["SendGrid's groups", event("sendgrid", "unsubscribed", { providerType: "group_unsubscribe" }), ownOptOut],
    ["SendGrid's link for all", event("sendgrid", "unsubscribed", { providerType: "unsubscribe" }), optOut],
    [
      "SendGrid's way back",
      event("sendgrid", "unrecognized", { providerType: "group_resubscribe" }),
      { kind: "lift", of: "opt-outs", own: true },
    ],
    ["SendGrid, dropped for another reason", event("sendgrid", "failed", { reason: "Invalid" }), undefined],
    ["Postmark, deactivated by hand", event("postmark", "suppressed", { providerType: "ManuallyDeactivated" }), listed],
    ...(
      [
        ["HardBounce", bounced],
        ["SpamComplaint", complained],
        ["ManualSuppression", optOut],
      ] as const
    ).map(([reason, caused]): [string, DeliveryEvent, object] => [
      `Postmark's stream, for ${reason}`,
      event("postmark", "unsubscribed", { providerType: "SubscriptionChange", raw: postmark(true, reason) }),
      caused,
    ]),
    [
      "Postmark's reactivation",
      event("postmark", "unrecognized", { providerType: "SubscriptionChange", raw: postmark(false, null) }),
      { kind: "lift", of: "everything" },
    ],
    ["Mailgun's bounces", event("mailgun", "suppressed", { raw: { reason: "suppress-bounce" } }), bounced],
    ["Mailgun's bounces, by code", event("mailgun", "suppressed", { code: "605" }), bounced],
    ["Mailgun's unsubscribes", event("mailgun", "suppressed", { raw: { reason: "suppress-unsubscribe" } }), optOut],
    ["Mailgun's complaints", event("mailgun", "suppressed", { raw: { reason: "suppress-complaint" } }), complained],
    ["Mailgun's link", event("mailgun", "unsubscribed"), optOut],
    [
      "the list of the SES account",
      event("ses", "suppressed", {
        providerType: "Bounce",
        raw: { bounce: { bounceType: "Permanent", bounceSubType: "OnAccountSuppressionList" } },
      }),
      listed,
    ],
    [
      "the list of the SES account, for a complaint",
      event("ses", "suppressed", {
        providerType: "Complaint",
        raw: { complaint: { complaintSubType: "OnAccountSuppressionList" } },
      }),
      complained,
    ],
    [
      "a contact of SES that wants nothing",
      event("ses", "unsubscribed", { providerType: "Subscription", raw: topics(true) }),
      optOut,
    ],
    [
      "a contact of SES that leaves a topic",
      event("ses", "unsubscribed", { providerType: "Subscription", raw: topics(false) }),
      ownOptOut,
    ],
    [
      "a contact of SES that comes back to a topic",
      event("ses", "unrecognized", { providerType: "Subscription", raw: topics(false) }),
      { kind: "lift", of: "opt-outs", own: true },
    ],
    [
      "a contact of SES that had wanted nothing, and comes back",
      event("ses", "unrecognized", { providerType: "Subscription", raw: topics(false, true) }),
      { kind: "lift", of: "opt-outs" },
    ],
    [
      "a STOP",
      event("twilio", "unsubscribed", { raw: { OptOutType: "STOP" } }),
      { kind: "suppress", reason: "unsubscribed" },
    ],
    ["a START", event("twilio", "unrecognized", { raw: { OptOutType: "START" } }), { kind: "lift", of: "everything" }],
    ["Twilio's block", event("twilio", "suppressed", { code: "21610" }), gone],
    ["a channel of Slack that is archived", event("slack", "suppressed", { providerType: "channel_archive" }), gone],
    [
      "and one that is opened again",
      event("slack", "unrecognized", { providerType: "channel_unarchive" }),
      { kind: "lift", of: "everything" },
    ],
  ])("is told apart by provider: %s", (_, given, expected) => {
    expect(consequenceOf(given)).toEqual(expected);
  });

  it.each([undefined, null, "text", 5, [], { data: null, bounce: "x", subscription: [] }])(
    "is never asked of junk in vain: %j",
    (raw) => {
      const providers = ["resend", "sendgrid", "postmark", "mailgun", "ses", "twilio", "slack", "constructor"];
      for (const provider of providers) {
        for (const type of eventTypes) expect(() => consequenceOf(event(provider, type, { raw }))).not.toThrow();
      }
    },
  );
});

describe("a refusal at the send", () => {
  it("ends the address, but for Postmark's of what may be left: that is of one stream, and may be an opt-out", () => {
    expect(consequenceOfRefusal("sms", "twilio", "21610", true)).toEqual(gone);
    expect(consequenceOfRefusal("email", "postmark", "406", true)).toEqual(optOut);
    expect(consequenceOfRefusal("email", "postmark", "406", false)).toEqual(gone);
    expect(consequenceOfRefusal("slack", "slack", "channel_is_archived", false)).toEqual(gone);
    expect(consequenceOfRefusal("webpush", "webpush", undefined, false)).toEqual({ kind: "retire" });
    expect(consequenceOfRefusal("fcm", "fcm", "UNREGISTERED", true)).toEqual({ kind: "retire" });
  });
});
