/** What an app can be told of. What becomes of the telling itself is no event: it would be told, and fail, without end. */
export const appEventTypes = [
  "message.sent",
  "message.deferred",
  "message.delivered",
  "message.opened",
  "message.clicked",
  "message.soft_bounced",
  "message.bounced",
  "message.complained",
  "message.unsubscribed",
  "message.suppressed",
  "message.captured",
  "message.held",
  "message.canceled",
  "message.expired",
  "message.failed",
  "suppression.created",
  "suppression.removed",
  "device.retired",
  "provider.unauthorized",
] as const;

export type AppEventType = (typeof appEventTypes)[number];

/** Stands for all types, those that are yet to come included. */
export const allTypes = "*";

/** Something that apps are told of. The same subject and sequence are the same event, however often it is told. */
export interface AppEvent {
  /** uuid of the message; else 32 hex digits that begin with a moment and are the event's own. */
  readonly subject: string;
  /** Grows over a message's events in the order that they were learned, with gaps; 0 for what is about no message. */
  readonly sequence: number;
  readonly type: AppEventType;
  readonly data: Readonly<Record<string, unknown>>;
  /** When it was learned, where that is not the transaction that writes it down for the apps. */
  readonly at?: number | undefined;
}

/** An event that is about no message, before a shard has it. */
export interface UnplacedEvent extends Pick<AppEvent, "type" | "data"> {
  /** With `since`, the same event has the same one, wherever and however often it is told. */
  readonly key: string;
  readonly at: number;
  /** Where `at` is not the same each time. */
  readonly since?: number | undefined;
}
