import { isFailing, joinEvidence, joinStatus } from "carillon";
import type { Evidence } from "carillon";
import type { Place, Status } from "./rows.ts";

/**
 * What is known of a message, one entry an address. By attempt (see {@link recorded}), and beside them by what providers
 * have told of attempts that are not recorded as accepted (see {@link unrecorded}). Which of those belong together is
 * decided when a status is read, from all that is known then, and not when they come: else their order would count.
 */
export type EvidenceByAttempt = Readonly<Record<string, readonly (Evidence | null)[]>>;

/** When each evidence was first reached, by any attempt and address. */
export type Milestones = Readonly<Partial<Record<Evidence, number>>>;

/** Names an attempt that was accepted. The code of before left the provider out. */
export function recorded(seq: number, provider: string): string {
  return `${seq} ${provider}`;
}

/**
 * Names what a provider calls by an id that no attempt is recorded with, or by none: its webhook may have come before the
 * attempt was recorded, or the attempt's answer may never have come.
 */
export function unrecorded(provider: string, providerMessageId: string | undefined): string {
  return providerMessageId === undefined ? `?${provider}` : `?${provider} ${providerMessageId}`;
}

/** Whether a provider has told of an attempt that is not recorded: it has the request whose answer is missing. */
export function isToldBy(evidence: EvidenceByAttempt, provider: string): boolean {
  const name = unrecorded(provider, undefined);
  return Object.keys(evidence).some((one) => one === name || one.startsWith(`${name} `));
}

/** Whether an attempt that was accepted has been recorded. */
export function isRecorded(evidence: EvidenceByAttempt): boolean {
  return Object.keys(evidence).some((name) => !name.startsWith("?"));
}

/**
 * True when somebody is known to have taken the message, so that no further try is wanted: also when it came to nothing
 * later. What was reached is asked, and not what it stands at, as a bounce may come before the news that it was sent.
 */
export function isCarried(milestones: Milestones): boolean {
  return (Object.keys(milestones) as Evidence[]).some((one) => !isFailing(one));
}

interface Known {
  readonly place: Place;
  readonly evidence: EvidenceByAttempt;
  readonly anotherTryIsDue: boolean;
  /** An attempt has ended without an answer: what a provider tells of an id that nobody knows may be about that one. */
  readonly hasUnknownTry: boolean;
}

/**
 * The second join, over attempts and addresses, and what stands beside it: failing evidence is not shown while another
 * try is due.
 */
export function statusOf({ place, evidence, anotherTryIsDue, hasUnknownTry }: Known): Status {
  const byAttempt = attempts(evidence, hasUnknownTry);
  const best = joinStatus(byAttempt.flatMap((byAddress) => byAddress.filter((one) => one !== undefined)));
  if (best === undefined || (isFailing(best) && anotherTryIsDue)) return place === "done" ? "sent" : place;
  return best;
}

type ByAddress = readonly (Evidence | undefined)[];

/**
 * One entry an attempt. What names no id is of the provider's first attempt that was accepted. So is what names another id,
 * which some events spell otherwise, unless there is an attempt that it may be the id of.
 */
function attempts(evidence: EvidenceByAttempt, hasUnknownTry: boolean): readonly ByAddress[] {
  const entries = Object.entries(evidence).map(([name, known]) => {
    const [, number = "", provider = "", id] = /^(\?|\d+) ?([^ ]*)(?: (.*))?$/s.exec(name) ?? [];
    return { number, provider, id, known };
  });
  const joined = new Map<string, ByAddress>();
  for (const { number, provider, id, known } of entries) {
    const isOwn = number !== "?" || (id !== undefined && hasUnknownTry);
    const accepted = entries
      .filter((one) => one.number !== "?" && (one.provider === provider || one.provider === ""))
      .map((one) => Number(one.number));
    const attempt = number === "?" ? `${provider} ${id ?? ""}` : number;
    const name = isOwn || accepted.length === 0 ? attempt : String(Math.min(...accepted));
    const before = joined.get(name);
    joined.set(
      name,
      known.map((one, index) => joinEvidence(before?.[index], one ?? undefined)),
    );
  }
  return [...joined.values()];
}
