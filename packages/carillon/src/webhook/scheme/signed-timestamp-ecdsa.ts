import { concatBytes, fromBase64, utf8 } from "../../crypto/bytes.ts";
import { derToRawSignature, verifyEcdsaP256 } from "../../crypto/ecdsa.ts";
import { ConfigurationError } from "../../error/errors.ts";
import type { SignatureScheme } from "../../provider/webhook.ts";
import { secondsOf } from "./seconds.ts";
import { isSigned } from "./signed.ts";

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
  const keys = publicKeys(options.publicKeys);
  return {
    kind: "ecdsa-p256",
    covers: "body",
    headers: [signatureHeader, timestampHeader],
    toleranceSeconds,
    timestampSeconds: ({ headers }) => secondsOf(headers.get(timestampHeader)),
    async verify({ headers, body }) {
      const seconds = secondsOf(headers.get(timestampHeader));
      const der = fromBase64(`${headers.get(signatureHeader)}`);
      const raw = der && derToRawSignature(der);
      if (seconds === undefined || !raw) return false;
      return isSigned(verifyEcdsaP256, keys, [raw], concatBytes(utf8(`${seconds}`), body));
    },
  };
}

/** An SPKI of P-256 with an uncompressed point (RFC 5480 section 2): 27 bytes that are always the same, then 64. */
const spki = /^MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE[^=]{86}==$/;

function publicKeys(spellings: readonly string[]): readonly Uint8Array<ArrayBuffer>[] {
  const keys = spellings.flatMap((spelling) => (spki.test(spelling) && fromBase64(spelling)) || []);
  if (keys.length === 0 || keys.length < spellings.length) {
    throw new ConfigurationError("Webhook", ['"publicKeys" must be P-256 keys, base64 of their SPKI (MFkw...)']);
  }
  return keys;
}
