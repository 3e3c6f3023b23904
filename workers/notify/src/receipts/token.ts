import { formatId, parseId } from "../ids.ts";
import type { ParsedId } from "../ids.ts";
import { openText, sealText } from "../sealed-text.ts";
import type { Seal } from "../sealed-text.ts";
import type { SigningKey } from "../signing-keys.ts";

/** A push service keeps a message four weeks at most, and its notification may stand for a while. */
const goodForDays = 45;
const dayMs = 86_400_000;

/** Of a key id of 16 characters it has 93. */
const maxLength = 200;

/** Which message a receipt is about, and the deployment that it was made by. */
export interface ReceiptSubject extends ParsedId {
  readonly environment: string;
}

/**
 * A receipt: `<key id>.<base64url>`, all that it says signed and encrypted, so that the browser and whoever it shows its
 * messages to learn no id, and nothing has to be looked up to know a receipt from an invention. Always as long, for a key.
 */
export async function signReceipt(key: SigningKey, subject: ReceiptSubject, now: number): Promise<string> {
  const { shard, uuid, environment } = subject;
  const day = Math.floor(now / dayMs) + goodForDays;
  return `${key.id}.${await sealText(sealOf(key, environment), `${formatId("msg", shard, uuid)} ${day}`)}`;
}

/** As long as any receipt of the key. */
export function blankReceipt({ id }: SigningKey): string {
  return `${id}.${"A".repeat(80)}`;
}

/** The message of a receipt; undefined for one that no key of this deployment has signed, or whose time is over. */
export async function readReceipt(
  keys: readonly SigningKey[],
  receipt: string,
  { environment, shards }: { readonly environment: string; readonly shards: number },
  now: number,
): Promise<ParsedId | undefined> {
  const [, id, sealed = ""] = /^([\w-]{1,16})\.([\w-]+)$/.exec(receipt) ?? [];
  const key = keys.find((one) => one.id === id);
  if (key === undefined || receipt.length > maxLength) return undefined;
  const [message = "", day] = (await openText(sealOf(key, environment), sealed))?.split(" ") ?? [];
  return Number(day) * dayMs > now ? parseId("msg", message, shards) : undefined;
}

function sealOf({ id, secret }: SigningKey, environment: string): Seal {
  return { secret, purpose: "push receipt", context: `${id} ${environment}` };
}
