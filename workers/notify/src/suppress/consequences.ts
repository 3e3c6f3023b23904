import type { DeliveryEvent, EventType } from "carillon";
import { isDeviceChannel } from "../devices/channels.ts";
import type { SuppressionReason } from "../directory/suppressions.ts";

/**
 * What an event, or a refusal, causes for its address.
 *
 * - `suppress`: nothing is sent there any more. `retire`: nor to the device that has it; where none has, it is suppressed. `soft`: counted, see `soft-bounces.ts`; `received` takes it back.
 * - `opt-out`: nothing that is not required; `own` narrows it to the message's category where that is known.
 * - `lift`: the provider sends there again, so what providers had said before is over: never a complaint, nor what was put
 *   there by hand or by the recipient on our own page. `own`: only of the message's category, where that is known.
 */
export type Consequence =
  | { readonly kind: "suppress"; readonly reason: SuppressionReason }
  | { readonly kind: "retire" }
  | { readonly kind: "soft" }
  | { readonly kind: "received" }
  | { readonly kind: "opt-out"; readonly own?: true | undefined }
  | { readonly kind: "lift"; readonly of: "everything" | "opt-outs"; readonly own?: true | undefined };

const bounced: Consequence = { kind: "suppress", reason: "bounced" };
const complained: Consequence = { kind: "suppress", reason: "complained" };
const gone: Consequence = { kind: "suppress", reason: "recipient-gone" };
const listed: Consequence = { kind: "suppress", reason: "provider-listed" };
const stopped: Consequence = { kind: "suppress", reason: "unsubscribed" };
const optOut: Consequence = { kind: "opt-out" };
const ownOptOut: Consequence = { kind: "opt-out", own: true };
const lift: Consequence = { kind: "lift", of: "everything" };
const resubscribed: Consequence = { kind: "lift", of: "opt-outs" };
const ownResubscribed: Consequence = { kind: "lift", of: "opt-outs", own: true };

/** What each type means by itself. `suppressed`: the provider has the address on a list, and does not say on which. */
const byType: Readonly<Partial<Record<EventType, Consequence>>> = {
  bounced,
  complained,
  suppressed: listed,
  unsubscribed: optOut,
  soft_bounced: { kind: "soft" },
  delivered: { kind: "received" },
  opened: { kind: "received" },
  clicked: { kind: "received" },
};

export function consequenceOfType(type: EventType): Consequence | undefined {
  return byType[type];
}

type Fields = Readonly<Record<string, unknown>>;
type Rule = (event: DeliveryEvent, raw: Fields) => Consequence | undefined;

function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}

/**
 * Where a provider says more than the type: which of its lists an address is on, and when it takes it off again. Undefined
 * leaves it to the type.
 */
const byProvider: Readonly<Record<string, Rule>> = {
  /** https://resend.com/docs/webhooks/event-types: `suppressed.reason` of a message, `origin` of an address on the list. */
  resend({ type, providerType }, raw) {
    const { suppressed, origin } = fields(raw["data"]);
    const why = origin ?? fields(suppressed)["reason"];
    if (providerType === "suppression.removed") return lift;
    if (type !== "suppressed") return undefined;
    if (why === "previous_bounce" || why === "bounce") return bounced;
    return why === "previous_complaint" || why === "complaint" ? complained : listed;
  },

  /** https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event: why it was dropped, and groups. */
  sendgrid({ providerType, type, reason = "" }) {
    if (providerType === "group_unsubscribe") return ownOptOut;
    if (providerType === "group_resubscribe") return ownResubscribed;
    if (type !== "suppressed") return undefined;
    if (reason.startsWith("Unsubscribed Address")) return optOut;
    return reason.startsWith("Spam Reporting Address") ? complained : bounced;
  },

  /**
   * https://postmarkapp.com/developer/webhooks/subscription-change-webhook. Of a message stream: one that was suppressed
   * for a bounce or a complaint is not an opt-out.
   */
  postmark({ providerType, type }, raw) {
    if (providerType !== "SubscriptionChange") return type === "suppressed" ? listed : undefined;
    if (raw["SuppressSending"] === false) return lift;
    if (raw["SuppressionReason"] === "HardBounce") return bounced;
    return raw["SuppressionReason"] === "SpamComplaint" ? complained : optOut;
  },

  /** https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/webhook-payloads: `reason` of what was not tried. */
  mailgun({ type, code }, raw) {
    if (type !== "suppressed") return undefined;
    const reason = raw["reason"];
    if (reason === "suppress-unsubscribe" || code === "606") return optOut;
    return reason === "suppress-complaint" || code === "607" ? complained : bounced;
  },

  /**
   * https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html: the list of the account, or of
   * SES, does not say whether a bounce or a complaint put it there, but as a complaint.
   */
  ses({ type, providerType }, raw) {
    if (providerType === "Subscription") {
      const { newTopicPreferences, oldTopicPreferences } = fields(raw["subscription"]);
      const [isOut, wasOut] = [newTopicPreferences, oldTopicPreferences].map((one) => fields(one)["unsubscribeAll"]);
      if (type !== "unsubscribed") return wasOut === true ? resubscribed : ownResubscribed;
      return isOut === true ? optOut : ownOptOut;
    }
    if (type !== "suppressed") return undefined;
    if (fields(raw["bounce"])["bounceSubType"] === "UnsubscribedRecipient") return optOut;
    return providerType === "Complaint" ? complained : listed;
  },

  /** A STOP ends all texts of that number (https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out), as START begins them. */
  twilio({ type }, raw) {
    if (raw["OptOutType"] === "START") return lift;
    return type === "unsubscribed" ? stopped : type === "suppressed" ? gone : undefined;
  },

  /** https://docs.slack.dev/reference/events/channel_archive: Slack takes nothing for it, until it is opened again. */
  slack({ type, providerType }) {
    if (/^(channel|group)_unarchive$/.test(providerType)) return lift;
    return type === "suppressed" ? gone : undefined;
  },
};

/** What an event causes for its address; undefined for one that causes nothing. */
export function consequenceOf(event: DeliveryEvent): Consequence | undefined {
  const rule = Object.hasOwn(byProvider, event.provider) ? byProvider[event.provider] : undefined;
  return rule?.(event, fields(event.raw)) ?? byType[event.type];
}

/**
 * What a provider's refusal at the send causes (`recipient-gone`). A device comes back when it registers again; a suppression
 * stays. Postmark's 406 is of one message stream, and does not say
 * why: where the refused message could be opted out of, it is taken for that, so that receipts are not lost.
 */
export function consequenceOfRefusal(
  channel: string,
  provider: string,
  code: string | undefined,
  optional: boolean,
): Consequence {
  if (isDeviceChannel(channel)) return { kind: "retire" };
  return provider === "postmark" && code === "406" && optional ? optOut : gone;
}
