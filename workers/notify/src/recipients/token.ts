import { maxTokenSeconds, recipientIdPattern, tokenAudience } from "carillon/recipient-token";
import { fromBase64Url } from "../base64url.ts";
import type { SigningKey } from "../signing-keys.ts";

/** What the token is good for, or why it is good for nothing; never with anything of it. */
export type ReadToken =
  | { readonly ok: true; readonly recipient: string }
  | { readonly ok: false; readonly detail: string };

/** Of ids of 128 characters it has 500; more is not looked at. */
export const maxTokenLength = 2_000;

/** How far the clock of who signs may be from ours. */
const leewaySeconds = 60;

/** Whether a bearer token is of this kind at all: three parts, of which the first says how it is signed. */
export function isRecipientToken(bearer: string): boolean {
  const parts = bearer.split(".");
  return parts.length === 3 && typeof readObject(parts[0] ?? "")?.["alg"] === "string";
}

/**
 * Checks what `signRecipientToken` of the SDK makes. The algorithm is ours to say, not the token's: any other is refused
 * before a key is looked for.
 */
export async function readRecipientToken(keys: readonly SigningKey[], token: string, now: number): Promise<ReadToken> {
  const [head = "", body = "", signature = ""] = token.split(".");
  const refused = (detail: string): ReadToken => ({ ok: false, detail });
  const header = readObject(head);
  // What is critical to who signed it (RFC 7515 section 4.1.11) is not known here.
  if (header?.["alg"] !== "HS256" || header["crit"] !== undefined) return refused("It must be signed with HS256.");
  const key = keys.find(({ id }) => id === header["kid"]);
  if (key === undefined) return refused("It names no key of RECIPIENT_TOKEN_KEYS.");
  const mac = fromBase64Url(signature);
  if (mac === undefined || !(await isSignedBy(key, `${head}.${body}`, mac))) return refused("Its signature is wrong.");
  const claims = readObject(body) ?? {};
  const seconds = Math.floor(now / 1_000);
  const { aud, sub, exp, nbf, iat = seconds } = claims;
  if (aud !== tokenAudience) return refused(`Its audience must be ${tokenAudience}.`);
  if (typeof sub !== "string" || !recipientIdPattern.test(sub)) return refused("It names no recipient.");
  if (!Number.isInteger(exp) || !Number.isInteger(iat)) return refused("It must say when it expires.");
  if ((exp as number) <= seconds) return refused("It has expired.");
  if ((exp as number) - Math.min(iat as number, seconds + leewaySeconds) > maxTokenSeconds) {
    return refused("It may be good for a day at most.");
  }
  const begins = Math.max(iat as number, Number(nbf ?? 0));
  if (!(begins <= seconds + leewaySeconds)) return refused("It is not good yet.");
  return { ok: true, recipient: sub };
}

async function isSignedBy(key: SigningKey, text: string, mac: Uint8Array<ArrayBuffer>): Promise<boolean> {
  const encoder = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const secret = await crypto.subtle.importKey("raw", encoder.encode(key.secret), algorithm, false, ["verify"]);
  // In constant time: the platform does it.
  return crypto.subtle.verify("HMAC", secret, mac, encoder.encode(text));
}

function readObject(part: string): Readonly<Record<string, unknown>> | undefined {
  const bytes = fromBase64Url(part);
  if (bytes === undefined) return undefined;
  try {
    const json: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
    return typeof json === "object" && json !== null ? (json as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
