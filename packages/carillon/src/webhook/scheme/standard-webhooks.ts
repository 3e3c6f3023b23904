import { concatBytes, fromBase64, utf8 } from "../../crypto/bytes.ts";
import { verifyHmac } from "../../crypto/hmac.ts";
import { ConfigurationError } from "../../error/errors.ts";
import type { SignatureScheme } from "../../provider/webhook.ts";
import { secondsOf } from "./seconds.ts";
import { isSigned } from "./signed.ts";

export interface StandardWebhooksOptions {
  /** `whsec_` and the key in base64, or the base64 alone; several while they rotate. */
  readonly secrets: readonly string[];
  /** `webhook-` in the specification, `svix-` with Svix. Lower case. */
  readonly headerPrefix: string;
  /** How old or early the signed timestamp may be. @default 300 */
  readonly toleranceSeconds?: number | undefined;
}

/**
 * Standard Webhooks with a symmetric key: HMAC-SHA256 over `<id>.<timestamp>.<body>`. The signature header is a list,
 * of which one entry must be right; entries of other versions (`v1a` is Ed25519) are skipped.
 *
 * There is no replay key: a provider's retry carries the same id, and the body, which names the event, is signed.
 *
 * Errors: throws `ConfigurationError` for a list without secrets and for a secret that is not base64 of a key.
 * Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function standardWebhooksScheme(options: StandardWebhooksOptions): SignatureScheme {
  const { secrets, headerPrefix, toleranceSeconds = 300 } = options;
  const id = `${headerPrefix}id`;
  const timestamp = `${headerPrefix}timestamp`;
  const signature = `${headerPrefix}signature`;
  const keys = secretKeys(secrets);
  return {
    kind: "hmac",
    covers: "body",
    headers: [id, timestamp, signature],
    toleranceSeconds,
    timestampSeconds: ({ headers }) => secondsOf(headers.get(timestamp)),
    verify({ headers, body }) {
      const signatures = `${headers.get(signature)}`
        .split(" ")
        .flatMap((entry) => (entry.startsWith("v1,") && fromBase64(entry.slice(3))) || []);
      const signed = concatBytes(utf8(`${headers.get(id)}.${headers.get(timestamp)}.`), body);
      return isSigned((...signature) => verifyHmac("SHA-256", ...signature), keys, signatures, signed);
    },
  };
}

function secretKeys(secrets: readonly string[]): readonly Uint8Array<ArrayBuffer>[] {
  const keys = secrets.flatMap((secret) => fromBase64(secret.replace(/^whsec_/, "")) ?? []);
  if (keys.length === 0 || keys.length < secrets.length || keys.some((key) => key.length === 0)) {
    throw new ConfigurationError("Webhook", ['"secrets" must be keys in base64, with or without whsec_']);
  }
  return keys;
}
