import type { ProviderFailure } from "./contract.ts";
import { invalidMessage } from "./failure.ts";
import { recordOf } from "./reading.ts";

/** Under this name every provider carries our id of the message, in its metadata, tags or custom arguments. */
export const messageIdKey = "carillon_message_id";

/** Names that begin so are Carillon's own and no metadata of the caller. */
export const ownPrefix = "carillon_";

/** Refuses metadata under a name that is Carillon's own: it would be lost, or taken for something else, on its way back. */
export function checkMetadataKeys(metadata: Readonly<Record<string, string>>): ProviderFailure | undefined {
  const key = Object.keys(metadata).find((name) => name.startsWith(ownPrefix));
  return key === undefined ? undefined : invalidMessage(`metadata.${key}`, `Keys must not begin with "${ownPrefix}"`);
}

export interface Correlation {
  readonly messageId?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/** Reads what a webhook carries back. Whatever cannot have been metadata of ours (shape, length, number) is left out. */
export function readCorrelation(carried: unknown): Correlation {
  const record = recordOf(carried);
  const messageId = Object.hasOwn(record, messageIdKey) ? record[messageIdKey] : undefined;
  const metadata = Object.entries(record)
    .filter(
      ([key, value]) =>
        !key.startsWith(ownPrefix) && /^[\w-]{1,64}$/.test(key) && typeof value === "string" && value.length <= 256,
    )
    .slice(0, 20) as [string, string][];
  return {
    messageId: typeof messageId === "string" && messageId !== "" && messageId.length <= 256 ? messageId : undefined,
    // fromEntries defines own properties, so a key named `__proto__` stays data.
    metadata: metadata.length > 0 ? Object.fromEntries(metadata) : undefined,
  };
}
