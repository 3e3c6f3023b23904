import { isFailing, joinStatus } from "carillon";
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

/** By attempt (its seq, or {@link unrecorded}), one entry an address. */
export type EvidenceByAttempt = Readonly<Record<string, readonly (Evidence | null)[]>>;

export type Milestones = Readonly<Partial<Record<Evidence, number>>>;

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

/**
 * The second join, over attempts and addresses, and what stands beside it: failing evidence is not shown while another
 * try is due.
 */
export function statusOf(place: Place, evidence: EvidenceByAttempt, anotherTryIsDue: boolean): Status {
  const all = Object.values(evidence).flatMap((byAddress) => byAddress.filter((one) => one !== null));
  const best = joinStatus(all);
  if (best === undefined || (isFailing(best) && anotherTryIsDue)) return place === "done" ? "sent" : place;
  return best;
}

/** True when somebody is known to have taken the message, so that no further try is wanted. */
export function isCarried(evidence: EvidenceByAttempt): boolean {
  return Object.values(evidence).some((byAddress) => byAddress.some((one) => one !== null && !isFailing(one)));
}

/** Names the attempt of a provider whose webhook came before the attempt was recorded; recording takes it over. */
export function unrecorded(provider: string): string {
  return `?${provider}`;
}

/** Whether an attempt that was accepted has been recorded. */
export function isRecorded(evidence: EvidenceByAttempt): boolean {
  return Object.keys(evidence).some((attempt) => !attempt.startsWith("?"));
}
