import { concatBytes, fromHex, utf8 } from "../../crypto/bytes.ts";
import { verifyEd25519 } from "../../crypto/ed25519.ts";
import { ConfigurationError } from "../../error/errors.ts";
import type { SignatureScheme } from "../../provider/webhook.ts";
import { secondsOf } from "./seconds.ts";
import { isSigned } from "./signed.ts";

export interface Ed25519OverTimestampAndBodyOptions {
  /** 32 bytes each, in lower-case hexadecimal; several while they rotate. */
  readonly publicKeys: readonly string[];
  /** Holds the signature, 64 bytes in lower-case hexadecimal. Lower case. */
  readonly signatureHeader: string;
  /** Holds Unix seconds in decimal. Lower case. */
  readonly timestampHeader: string;
  /** How old or early the signed timestamp may be; any time when absent. */
  readonly toleranceSeconds?: number | undefined;
}

/**
 * Ed25519 (RFC 8032) over the timestamp's text, directly followed by the raw body.
 *
 * Nothing stands between the two, so the timestamp must have its ten digits: else the same signature would also hold for
 * a shorter timestamp and a body that begins with its last digits.
 *
 * Errors: throws `ConfigurationError` for a list without keys and for a key that is not 32 bytes in hexadecimal.
 */
export function ed25519OverTimestampAndBodyScheme(options: Ed25519OverTimestampAndBodyOptions): SignatureScheme {
  const { publicKeys, signatureHeader, timestampHeader, toleranceSeconds } = options;
  const keys = publicKeys.flatMap((key) => fromHex(key) ?? []);
  if (keys.length === 0 || keys.length < publicKeys.length || keys.some((key) => key.length !== 32)) {
    throw new ConfigurationError("Webhook", ['"publicKeys" must be Ed25519 keys, 64 digits of lower-case hexadecimal']);
  }
  return {
    kind: "ed25519",
    covers: "body",
    headers: [signatureHeader, timestampHeader],
    toleranceSeconds,
    timestampSeconds: ({ headers }) => secondsOf(headers.get(timestampHeader)),
    async verify({ headers, body }, tools) {
      const seconds = secondsOf(headers.get(timestampHeader));
      const signature = fromHex(`${headers.get(signatureHeader)}`);
      if (seconds === undefined || !signature) return false;
      return isSigned(verifyEd25519, keys, [signature], concatBytes(utf8(`${seconds}`), body), tools.crypto);
    },
  };
}
