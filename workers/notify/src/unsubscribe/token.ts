import { openText, sealText } from "../sealed-text.ts";
import type { Seal } from "../sealed-text.ts";
import type { SigningKey } from "../signing-keys.ts";

/** Who leaves what. */
export interface UnsubscribeSubject {
  readonly channel: string;
  /** `Address.key`. */
  readonly addressKey: string;
  readonly category: string;
  /** Id of the message that the link stood in. */
  readonly message: string;
}

const maxTokenLength = 2_000;

/**
 * A token for a link: `<key id>.<base64url>`. It holds all that it says, signed and encrypted: no address stands in a URL,
 * nothing has to be looked up, and it works for as long as its key is kept. The same subject makes the same token, so that
 * a request that is repeated stays the same request.
 */
export async function signToken(key: SigningKey, subject: UnsubscribeSubject): Promise<string> {
  const { channel, addressKey, category, message } = subject;
  return `${key.id}.${await sealText(sealOf(key), JSON.stringify([channel, addressKey, category, message]))}`;
}

/** What a token says; undefined for one that none of the keys has signed. */
export async function readToken(keys: readonly SigningKey[], token: string): Promise<UnsubscribeSubject | undefined> {
  const [, id, sealed = ""] = /^([\w-]{1,16})\.([\w-]+)$/.exec(token) ?? [];
  const key = keys.find((one) => one.id === id);
  if (key === undefined || token.length > maxTokenLength) return undefined;
  const text = await openText(sealOf(key), sealed);
  if (text === undefined) return undefined;
  const [channel, addressKey, category, message] = JSON.parse(text) as string[];
  return channel === undefined || addressKey === undefined || category === undefined || message === undefined
    ? undefined
    : { channel, addressKey, category, message };
}

function sealOf({ id, secret }: SigningKey): Seal {
  return { secret, purpose: "unsubscribe", context: id };
}
