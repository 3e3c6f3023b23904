import { concatBytes, fromBase64, utf8 } from "../../crypto/bytes.ts";
import { derToRawSignature, isP256PublicKey } from "../../crypto/ecdsa.ts";
import { ConfigurationError } from "../../error/errors.ts";
import type { SignatureScheme } from "../../provider/webhook.ts";
import { secondsOf } from "./seconds.ts";

export interface EcdsaOverTimestampAndBodyOptions {
  /** P-256 keys, base64 of their SPKI without PEM armour (`MFkw...`); several while they rotate. */
  readonly publicKeys: readonly string[];
  /** Holds the DER signature in base64. Lower case. */
  readonly signatureHeader: string;
  /** Holds Unix seconds in decimal. Lower case. */
  readonly timestampHeader: string;
  /** How old or early the signed timestamp may be; any time when absent. */
  readonly toleranceSeconds?: number | undefined;
}

/**
 * ECDSA P-256 with SHA-256 over the timestamp's text, directly followed by the raw body.
 *
 * Nothing stands between the two, so the timestamp must have its ten digits: else the same signature would also hold for
 * a shorter timestamp and a body that begins with its last digits.
 *
 * Errors: throws `ConfigurationError` for a list without keys and for a key that is no P-256 public key.
 */
export function ecdsaOverTimestampAndBodyScheme(options: EcdsaOverTimestampAndBodyOptions): SignatureScheme {
  const { signatureHeader, timestampHeader, toleranceSeconds } = options;
  return {
    kind: "ecdsa-p256",
    covers: "body",
    keys: publicKeys(options.publicKeys),
    toleranceSeconds,
    headers: [signatureHeader, timestampHeader],
    signatures: ({ headers }) => {
      const der = fromBase64(headers.get(signatureHeader) ?? "");
      const raw = der && derToRawSignature(der);
      return raw ? [raw] : [];
    },
    signedBytes: ({ headers, body }) => {
      const timestamp = headers.get(timestampHeader);
      return secondsOf(timestamp) === undefined ? [] : [concatBytes(utf8(`${timestamp}`), body)];
    },
    timestampSeconds: ({ headers }) => secondsOf(headers.get(timestampHeader)),
  };
}

function publicKeys(spellings: readonly string[]): readonly Uint8Array<ArrayBuffer>[] {
  const keys = spellings.map((spelling) => fromBase64(spelling));
  const problems = keys.flatMap((key, i) =>
    key && isP256PublicKey(key)
      ? []
      : [`option "publicKeys" must hold P-256 keys as base64 of their SPKI (MFkw...): number ${i + 1} is none`],
  );
  if (keys.length === 0) problems.push('option "publicKeys" must hold at least one key');
  if (problems.length > 0) throw new ConfigurationError("Webhook signature", problems);
  return keys as readonly Uint8Array<ArrayBuffer>[];
}
