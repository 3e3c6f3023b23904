import type { ProviderFailure } from "./contract.ts";
import { invalidMessage } from "./failure.ts";
import { recordOf } from "./reading.ts";

/** Under this name every provider carries our id of the message, in its metadata, tags or custom arguments. */
export const messageIdKey = "carillon_message_id";

/** Refuses metadata under the name that is Carillon's own: on its way back it would be taken for the id. */
export function checkMetadataKeys(metadata: Readonly<Record<string, string>>): ProviderFailure | undefined {
  if (!Object.hasOwn(metadata, messageIdKey)) return undefined;
  return invalidMessage(`metadata.${messageIdKey}`, "This key is Carillon's own");
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
        key !== messageIdKey && /^[\w-]{1,64}$/.test(key) && typeof value === "string" && value.length <= 256,
    )
    .slice(0, 20) as [string, string][];
  return {
    messageId: typeof messageId === "string" && messageId !== "" && messageId.length <= 256 ? messageId : undefined,
    // fromEntries defines own properties, so a key named `__proto__` stays data.
    metadata: metadata.length > 0 ? Object.fromEntries(metadata) : undefined,
  };
}
