import { fromBase64Url, toBase64Url } from "../../crypto/bytes.ts";
import { signJwt } from "../../crypto/jwt.ts";
import { isP256Pair } from "../../crypto/p256.ts";
import type { BuildContext, ProviderFailure } from "../../provider/contract.ts";
import { matches } from "../../provider/reading.ts";
import type { Kept, Recall } from "../../provider/recall.ts";
import { readSecret } from "../../provider/secret.ts";
import type { VapidKeys } from "./options.ts";

/** RFC 8292 section 2 allows 24 hours; half of that survives a clock that is wrong. */
const lifeMs = 43_200_000;
/** A token is used until an hour before its end. Apple asks for a new one once an hour at most. */
const keptMs = 39_600_000;

/** 32 bytes in base64url: four trailing bits are zero. */
export const isPrivateKey = (key: unknown): key is string => matches(/^[\w-]{42}[AEIMQUYcgkosw048]$/, key);

/** Whether two keys, which are such keys, belong together. */
export function isVapidPair(publicKey: string, privateKey: string): boolean {
  return isP256Pair(fromBase64Url(privateKey) as Uint8Array, fromBase64Url(publicKey) as Uint8Array);
}

/** The token that says to the push service of this origin who sends (RFC 8292), for as long as one is kept. */
export function vapidToken(
  recall: Recall,
  context: BuildContext,
  audience: string,
  { subject, publicKey, privateKey }: VapidKeys,
): Promise<Kept<string> | ProviderFailure> {
  const name = `vapid:${audience}:${publicKey}:${subject}`;
  return recall(context, name, async (): Promise<Kept<string> | ProviderFailure> => {
    const d = await readSecret(privateKey);
    if (typeof d !== "string") return d;
    // One that a function gave could not be checked before.
    if (d !== privateKey && !(isPrivateKey(d) && isVapidPair(publicKey, d))) {
      return { ok: false, kind: "unauthorized", detail: "expected the private key of vapid.publicKey" };
    }
    const point = fromBase64Url(publicKey) as Uint8Array;
    const [x, y] = [point.subarray(1, 33), point.subarray(33)].map(toBase64Url) as [string, string];
    const algorithm = { name: "ECDSA", namedCurve: "P-256" };
    const jwk = { kty: "EC", crv: "P-256", x, y, d };
    const key = await crypto.subtle.importKey("jwk", jwk, algorithm, false, ["sign"]);
    const nowMs = context.now.getTime();
    const claims = { aud: audience, exp: Math.floor((nowMs + lifeMs) / 1000), sub: subject };
    return { value: await signJwt({ typ: "JWT", alg: "ES256" }, claims, key), expiresAtMs: nowMs + keptMs };
  });
}
