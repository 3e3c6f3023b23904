import type { Env } from "../env.ts";
import { originOf } from "../public-url.ts";
import { readSigningKeys } from "../signing-keys.ts";
import type { SigningKey } from "../signing-keys.ts";

export interface UnsubscribeSettings {
  /** Of this Worker, as recipients reach it; without a slash at its end. */
  readonly origin: string;
  /** The first signs; any is known. */
  readonly keys: readonly [SigningKey, ...SigningKey[]];
}

/**
 * What links to unsubscribe need: `PUBLIC_URL` and `UNSUBSCRIBE_KEYS`, both or neither. Undefined where they cannot be used:
 * then marketing email is refused, for nobody could leave it.
 */
export function readUnsubscribe(
  { PUBLIC_URL, UNSUBSCRIBE_KEYS, PUSH_RECEIPT_KEYS }: Env,
  isProduction: boolean,
  problems: string[],
): UnsubscribeSettings | undefined {
  // A URL alone may be there for the receipts of push messages.
  const isWanted = UNSUBSCRIBE_KEYS !== undefined || (PUBLIC_URL !== undefined && PUSH_RECEIPT_KEYS === undefined);
  if (!isWanted) return undefined;
  // RFC 8058 asks for https.
  const origin = originOf(PUBLIC_URL ?? "", !isProduction);
  if (origin === undefined) problems.push("PUBLIC_URL is not https:// and a host: marketing email is refused");
  const [first, ...older] = readSigningKeys("UNSUBSCRIBE_KEYS", UNSUBSCRIBE_KEYS ?? "", problems);
  return origin === undefined || first === undefined ? undefined : { origin, keys: [first, ...older] };
}
