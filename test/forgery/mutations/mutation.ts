import type { Receiver } from "../receiver.ts";
import type { Request } from "../request.ts";

/** What mutations start from: two webhooks that the provider has signed, of the same moment. */
export interface Ground {
  readonly receiver: Receiver;
  readonly unsigned: Request;
  readonly signed: Request;
  readonly other: Request;
  readonly now: Date;
  readonly random: () => number;
}

export interface Mutation {
  /** What was done, with what it was done to. */
  readonly what: string;
  readonly request: Request;
  /** What the provider itself has signed, where that is another request than the ground's. */
  readonly original?: Request | undefined;
}

export type Mutate = (ground: Ground) => AsyncGenerator<Mutation> | Generator<Mutation>;
