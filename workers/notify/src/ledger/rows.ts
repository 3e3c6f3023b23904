import type { Evidence } from "carillon";

/** Where a message stands by Carillon's own doing; `done`: handed to a provider that took it. */
export type Place =
  | "scheduled"
  | "queued"
  | "held"
  | "captured"
  | "canceled"
  | "expired"
  | "suppressed"
  | "failed"
  | "done";

/** What a message's status says: its evidence when there is any, else its place. */
export type Status = Exclude<Place, "done"> | Evidence;

export interface StoredAddress {
  readonly key: string;
  readonly label: string;
}

/** A row of `message`, as SQLite gives it. */
export interface MessageRow extends Record<string, SqlStorageValue> {
  uuid: string;
  recipient: string;
  addresses: string;
  priority: number;
  place: Place;
  status: Status;
  due_at: number | null;
  chunk: string | null;
  lane: string | null;
  lane_tries: number;
  lane_since: number | null;
  tries: number;
  unknown_tries: number;
  lost_leases: number;
  /** Of the last entry of its timeline; 0 while there is none. */
  seq: number;
  evidence: string;
  milestones: string;
  provider: string | null;
  provider_message_id: string | null;
  possible_duplicate: number;
  /** Its own due moment, where that is not its notification's. */
  due_from: number | null;
  /** When all that is personal was taken out of it. */
  erased_at: number | null;
  /** Whom it is for, where no address was given. */
  recipient_id: string | null;
  /** uuid of the message that it repeats. */
  replay_of: string | null;
  /** uuid of the message that repeats it. */
  replayed_as: string | null;
}

export interface TimelineRow {
  readonly message: string;
  readonly seq: number;
  readonly at: number;
  readonly kind: "attempt" | "event" | "decision";
  readonly data: Readonly<Record<string, unknown>>;
  readonly event_key?: string | undefined;
  readonly provider?: string | undefined;
  readonly provider_message_id?: string | undefined;
}
