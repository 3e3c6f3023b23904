import { everyCategory } from "../suppress/category.ts";
import type { Consequence } from "../suppress/consequences.ts";
import type { Context } from "./context.ts";
import type { SuppressionEffect } from "./outbox.ts";
import type { StoredAddress } from "./rows.ts";

/** What happened at an address, and to what message. */
export interface Cause {
  /** Of the event or attempt. */
  readonly id: string;
  readonly causedAt: number;
  /** uuid; undefined for what is about no message. */
  readonly message: string | undefined;
  /** The same message bounced softly at the address, and was delivered there, in any order. */
  readonly bothSoftAndReceived?: boolean | undefined;
}

/** The effect of a consequence on one address, never on the others of a message. */
export function addressEffect(
  consequence: Consequence,
  { key: addressKey, label }: StoredAddress,
  { channel, optOutCategory = everyCategory }: Pick<Context, "channel" | "optOutCategory">,
  cause: Cause,
): SuppressionEffect | undefined {
  const { id, causedAt, message: sourceMessage, bothSoftAndReceived = false } = cause;
  const about = { id, channel, addressKey, label, sourceMessage, causedAt };
  switch (consequence.kind) {
    case "suppress":
      return { ...about, kind: "suppress", reason: consequence.reason };
    case "retire":
      return { ...about, kind: "retire" };
    case "opt-out":
      return { ...about, kind: "opt-out", category: consequence.own ? optOutCategory : everyCategory };
    case "lift":
      return { ...about, kind: "lift", of: consequence.of, category: consequence.own && optOutCategory };
    case "soft":
      // One that no message is known of is not counted: it may be counted already.
      return sourceMessage === undefined
        ? undefined
        : { ...about, kind: "soft-bounce", withdrawn: bothSoftAndReceived };
    case "received":
      return bothSoftAndReceived ? { ...about, kind: "soft-bounce", withdrawn: true } : undefined;
  }
}
