import { fromHex, utf8 } from "../../crypto/bytes.ts";
import { verifyHmac } from "../../crypto/hmac.ts";
import { ConfigurationError } from "../../error/errors.ts";
import { matches, recordOf, textOf } from "../../provider/reading.ts";
import type { RawWebhook, SignatureScheme } from "../../provider/webhook.ts";
import { jsonBodyOf } from "./json-body.ts";
import { secondsOf } from "./seconds.ts";
import { isSigned } from "./signed.ts";

export interface HmacOverTimestampAndTokenOptions {
  /** Several while they rotate. */
  readonly secrets: readonly string[];
  /** Names in the object `signature` of the body that may hold a signature, any of which is enough. */
  readonly signatureNames: readonly string[];
  /** How old or early the signed timestamp may be. */
  readonly toleranceSeconds: number;
}

/**
 * HMAC-SHA256 over the text of a timestamp, directly followed by a random token, in lower-case hexadecimal. All three
 * stand in the JSON of the body, in its object `signature`; nothing else of the body is covered.
 *
 * So whoever captures one can send any body with it while the timestamp is within the tolerance: the token is the replay
 * key, by which `seen` recognises it. Nothing stands between the two texts, hence the timestamp must have its ten digits.
 *
 * Errors: throws `ConfigurationError` for a list without secrets, or a blank one.
 */
export function hmacOverTimestampAndTokenScheme(options: HmacOverTimestampAndTokenOptions): SignatureScheme {
  const { secrets, signatureNames, toleranceSeconds } = options;
  if (!secrets.length || !secrets.every((secret) => /\S/.test(secret))) {
    throw new ConfigurationError("Webhook", ['"secrets" must not be blank']);
  }
  const keys = secrets.map(utf8);
  return {
    kind: "hmac",
    covers: "fields",
    headers: [],
    toleranceSeconds,
    timestampSeconds: (raw) => secondsIn(signatureIn(raw)),
    replayKey: (raw) => textOf(signatureIn(raw)["token"]),
    async verify(raw, tools) {
      const fields = signatureIn(raw);
      const seconds = secondsIn(fields);
      const token = fields["token"];
      const signatures = signatureNames.flatMap((name) => fromHex(textOf(fields[name]) ?? "-") ?? []);
      if (seconds === undefined || !matches(/^[!-~]{1,200}$/, token)) return false;
      return isSigned(
        (...given) => verifyHmac("SHA-256", ...given),
        keys,
        signatures,
        utf8(`${seconds}${token}`),
        tools.crypto,
      );
    },
  };
}

function signatureIn(raw: RawWebhook): Readonly<Record<string, unknown>> {
  return recordOf(jsonBodyOf(raw)["signature"]);
}

/** The documentation calls it a number, its examples show a text. */
function secondsIn({ timestamp }: Readonly<Record<string, unknown>>): number | undefined {
  return secondsOf(typeof timestamp === "number" || typeof timestamp === "string" ? `${timestamp}` : null);
}
