import { statusOrder } from "carillon";
import type { EventType, Evidence } from "carillon";
import type { AppEvent, AppEventType } from "../endpoints/types.ts";
import type { Milestones } from "./evidence.ts";
import type { MessageRow, Status, StoredAddress, TimelineRow } from "./rows.ts";

/** Events of providers that apps are told of one by one. The others count by what they make of the status. */
const toldByEvent: Readonly<Partial<Record<EventType, AppEventType>>> = {
  deferred: "message.deferred",
  delivered: "message.delivered",
  opened: "message.opened",
  clicked: "message.clicked",
  soft_bounced: "message.soft_bounced",
  bounced: "message.bounced",
  complained: "message.complained",
  unsubscribed: "message.unsubscribed",
};

/** What Carillon decides, or a provider that tries no more: told when the status becomes it. */
const toldByStatus: Readonly<Partial<Record<Status, AppEventType>>> = {
  suppressed: "message.suppressed",
  captured: "message.captured",
  held: "message.held",
  canceled: "message.canceled",
  expired: "message.expired",
  failed: "message.failed",
};

type Standing = Pick<MessageRow, "status" | "milestones">;

/** A message's next entry in its timeline, with how the message stood before and after it. */
export interface Step {
  readonly before: Pick<MessageRow, "uuid" | "addresses" | "provider" | "erased_at"> & Standing;
  readonly after: Standing;
  readonly entry: Pick<TimelineRow, "seq" | "at" | "data" | "provider">;
  /** Of a provider's event. */
  readonly event?: { readonly type: EventType; readonly addressKey: string | undefined } | undefined;
  /** The timeline is full, and the entry not written: its `seq` is that of the next one too. */
  readonly unlisted?: boolean | undefined;
}

/**
 * What apps are told of a step; undefined for one that is nobody's business, such as a try that is followed by another.
 * `sequence` is the entry's place in the timeline: it is given in the same transaction, and the same for a repetition.
 */
export function toldOf(step: Step): AppEvent | undefined {
  const { before, after, entry, event, unlisted } = step;
  const type = typeOf(step);
  if (type === undefined) return undefined;
  // A full timeline numbers no more, but a status only climbs: how high it stands numbers what moves it.
  if (unlisted && before.status === after.status) return undefined;
  const sequence = unlisted ? entry.seq + statusOrder.indexOf(after.status as Evidence) : entry.seq;
  const { reason, detail, code, providerCode, failure } = entry.data;
  const addresses = JSON.parse(before.addresses) as StoredAddress[];
  const concerned = addresses.length > 1 ? addresses.find(({ key }) => key === event?.addressKey) : undefined;
  return {
    subject: before.uuid,
    sequence,
    type,
    data: {
      status: after.status,
      provider: entry.provider ?? before.provider ?? undefined,
      occurredAt: entry.at,
      address: concerned?.label,
      // A provider's own words may name whom they are about.
      reason: before.erased_at === null ? (reason ?? detail) : undefined,
      code: code ?? providerCode,
      failure,
    },
  };
}

function typeOf({ before, after, event }: Step): AppEventType | undefined {
  const byEvent = event && toldByEvent[event.type];
  if (byEvent !== undefined) return byEvent;
  // By the record of the attempt or the provider's event: whichever came first, unless somebody has said so before them.
  if (!isSent(before) && isSent(after)) return before.status === "sent" ? undefined : "message.sent";
  if (before.status === after.status) return undefined;
  // Somebody has looked, and says so.
  return after.status === "sent" && !isSent(after) ? "message.sent" : toldByStatus[after.status];
}

function isSent({ milestones }: Standing): boolean {
  return (JSON.parse(milestones) as Milestones).sent !== undefined;
}
