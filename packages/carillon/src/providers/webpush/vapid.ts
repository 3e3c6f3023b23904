import { fromBase64Url, toBase64Url } from "../../crypto/bytes.ts";
import { signJwt } from "../../crypto/jwt.ts";
import type { BuildContext, ProviderFailure } from "../../provider/contract.ts";
import { matches } from "../../provider/reading.ts";
import type { Kept, Recall } from "../../provider/recall.ts";
import type { Secret } from "../../provider/request.ts";
import { readSecret } from "../../provider/secret.ts";

/** Who sends, to push services (RFC 8292). Keys in base64url, as `web-push generate-vapid-keys` prints them. */
export interface VapidKeys {
  /** Whom a push service may write to: a `mailto:` or `https:` URL. Apple refuses `localhost` and `mailto: <a@b>`. */
  readonly subject: string;
  /** 65 bytes, uncompressed: what the page hands to `pushManager.subscribe` as `applicationServerKey`. */
  readonly publicKey: string;
  /** 32 bytes. */
  readonly privateKey: Secret;
}

/** 32 bytes in base64url: four trailing bits are zero. */
export const isPrivateKey = (key: unknown): key is string => matches(/^[\w-]{42}[AEIMQUYcgkosw048]$/, key);

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
    const point = fromBase64Url(publicKey) as Uint8Array;
    const [x, y] = [1, 33].map((start) => toBase64Url(point.subarray(start, start + 32))) as [string, string];
    let key: CryptoKey;
    try {
      const jwk = { kty: "EC", crv: "P-256", x, y, d };
      key = await crypto.subtle.importKey("jwk", jwk, { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
    } catch {
      return { ok: false, kind: "unauthorized", detail: "expected the key of vapid.publicKey" };
    }
    const nowSeconds = Math.floor(context.now.getTime() / 1000);
    // RFC 8292 section 2 allows 24 hours; half of that survives a clock that is wrong. A token is used until an hour before
    // its end: Apple asks for a new one once an hour at most.
    const claims = { aud: audience, exp: nowSeconds + 43_200, sub: subject };
    return {
      value: await signJwt({ typ: "JWT", alg: "ES256" }, claims, key),
      expiresAtMs: (nowSeconds + 39_600) * 1000,
    };
  });
}
