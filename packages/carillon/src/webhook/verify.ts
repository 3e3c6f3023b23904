import { utf8 } from "../crypto/bytes.ts";
import { equalBytes } from "../crypto/constant-time.ts";
import { verifyEcdsaP256 } from "../crypto/ecdsa.ts";
import { verifyEd25519 } from "../crypto/ed25519.ts";
import { sha256 } from "../crypto/hash.ts";
import { verifyHmac } from "../crypto/hmac.ts";
import type { RawWebhook, SignatureScheme, VerifyTools } from "../provider/webhook.ts";

type SchemeOf<K> = Extract<SignatureScheme, { readonly kind: K }>;

export type Forgery = "missing-signature" | "signature-mismatch" | "stale";

/**
 * How many signatures of one request are tried: each costs a pass over the body, and who sends a thousand of them wants
 * that work done. A provider sends one for each of its secrets, which are two while they rotate.
 */
const maxSignatures = 10;

/**
 * Why the request is not genuine, or undefined if it is.
 *
 * Time is looked at last, so that `stale` is only ever said of a genuine signature: it then means a replay or a clock that
 * is wrong, both worth an alarm, and nobody can raise that by sending an old date.
 */
export async function findForgery(
  scheme: SignatureScheme,
  raw: RawWebhook,
  tools: VerifyTools,
): Promise<Forgery | undefined> {
  const { kind } = scheme;
  if (kind === "custom") return (await scheme.verify(raw, tools)) === true ? undefined : "signature-mismatch";
  const needed = kind === "credential" ? [scheme.header] : scheme.headers;
  if (!needed.every((name) => raw.headers.get(name))) return "missing-signature";
  const genuine = await (kind === "credential" ? holdsCredential(scheme, raw) : isSigned(scheme, raw));
  if (!genuine) return "signature-mismatch";
  if (kind === "credential" || scheme.toleranceSeconds === undefined) return undefined;
  const ageSeconds = tools.now.getTime() / 1000 - (scheme.timestampSeconds?.(raw) ?? Number.NaN);
  // Asked this way round, a time that cannot be read is out of every tolerance.
  return Math.abs(ageSeconds) <= scheme.toleranceSeconds ? undefined : "stale";
}

async function holdsCredential(scheme: SchemeOf<"credential">, raw: RawWebhook): Promise<boolean> {
  // Digests: comparing the texts would tell the length of the right one.
  const given = await sha256(utf8(`${raw.headers.get(scheme.header)}`));
  let found = false;
  for (const value of scheme.values) found = equalBytes(await sha256(utf8(value)), given) || found;
  return found;
}

async function isSigned(scheme: SchemeOf<"hmac" | "ecdsa-p256" | "ed25519">, raw: RawWebhook): Promise<boolean> {
  const signatures = scheme.signatures(raw).slice(0, maxSignatures);
  for (const data of await scheme.signedBytes(raw)) {
    for (const key of scheme.keys) {
      for (const signature of signatures) {
        const verified =
          scheme.kind === "hmac"
            ? verifyHmac(scheme.hash, key, signature, data)
            : (scheme.kind === "ed25519" ? verifyEd25519 : verifyEcdsaP256)(key, signature, data);
        if (await verified) return true;
      }
    }
  }
  return false;
}
