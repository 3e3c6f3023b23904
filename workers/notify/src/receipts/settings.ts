import type { Env } from "../env.ts";
import { originOf } from "../public-url.ts";
import { readSigningKeys } from "../signing-keys.ts";
import type { SigningKey } from "../signing-keys.ts";

export interface ReceiptSettings {
  /** Where a browser sends receipts. */
  readonly url: string;
  /** The first signs; any is known. */
  readonly keys: readonly [SigningKey, ...SigningKey[]];
}

/** Where receipts go, on this Worker. */
export const receiptsPath = "/v1/push/receipts";

/** What receipts of push messages need: `PUSH_RECEIPT_KEYS` and `PUBLIC_URL`. Undefined: messages carry none. */
export function readReceipts(
  { PUBLIC_URL, PUSH_RECEIPT_KEYS }: Env,
  isProduction: boolean,
  problems: string[],
): ReceiptSettings | undefined {
  if (PUSH_RECEIPT_KEYS === undefined) return undefined;
  const origin = originOf(PUBLIC_URL ?? "", !isProduction);
  if (origin === undefined) {
    problems.push("PUSH_RECEIPT_KEYS needs PUBLIC_URL, https:// and a host: push messages carry no receipts");
  }
  const [first, ...older] = readSigningKeys("PUSH_RECEIPT_KEYS", PUSH_RECEIPT_KEYS, problems);
  return origin === undefined || first === undefined
    ? undefined
    : { url: `${origin}${receiptsPath}`, keys: [first, ...older] };
}
