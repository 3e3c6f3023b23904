import type { EventType } from "carillon";
import { consequenceOfType } from "../suppress/consequences.ts";
import type { Consequence } from "../suppress/consequences.ts";
import type { StoredAddress } from "./rows.ts";

/** A provider's event on its way to the ledger. */
export interface IncomingEvent {
  /** uuid of the message; empty when only the provider's id is known. */
  readonly uuid: string;
  readonly id: string;
  readonly provider: string;
  readonly type: EventType;
  readonly occurredAt: number;
  readonly providerMessageId: string | undefined;
  /** Normalised as the message's address keys are. */
  readonly addressKey: string | undefined;
  readonly providerType: string;
  readonly reason: string | undefined;
  readonly code: string | undefined;
  readonly raw: unknown;
  /** What it causes for its address; null: nothing. Undefined, as the code of before leaves it: what its type says. */
  readonly consequence?: Consequence | null | undefined;
  /** As the provider spells it. */
  readonly address?: string | undefined;
  /** Whom it is about, where it causes something and no message is known. */
  readonly about?: (StoredAddress & { readonly channel: string }) | undefined;
  /** When the provider says that it happened, where that is not believed. */
  readonly claimedAt?: number | undefined;
}

/** The provider of events that Carillon itself tells of. */
export const ownProvider = "carillon";

/** Names an event, the same at each repetition. */
export function eventKey({ provider, id }: Pick<IncomingEvent, "provider" | "id">): string {
  return `${provider}:${id}`;
}

/** What an event causes for its address. */
export function consequenceIn({ consequence, type }: IncomingEvent): Consequence | undefined {
  return consequence === undefined ? consequenceOfType(type) : (consequence ?? undefined);
}
