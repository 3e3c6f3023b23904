import { entryOf, filled, matches, recordOf } from "./reading.ts";

/** Under this name every provider carries our id of the message, in its metadata, tags or custom arguments. */
export const messageIdKey = "carillon_message_id";

export interface Correlation {
  readonly messageId?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/** Reads what a webhook carries back. Whatever cannot have been metadata of ours (shape, length, number) is left out. */
export function readCorrelation(carried: unknown): Correlation {
  const record = recordOf(carried);
  const messageId = entryOf(record, messageIdKey);
  const metadata = Object.entries(record)
    .filter(([key, value]) => key !== messageIdKey && /^[\w-]{1,64}$/.test(key) && matches(/^.{0,256}$/s, value))
    .slice(0, 20) as [string, string][];
  return {
    messageId: matches(/^.{1,256}$/s, messageId) ? messageId : undefined,
    // fromEntries defines own properties, so a key named `__proto__` stays data.
    metadata: filled(Object.fromEntries(metadata)),
  };
}
