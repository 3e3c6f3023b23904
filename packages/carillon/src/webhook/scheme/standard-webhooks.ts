import { concatBytes, fromBase64, utf8 } from "../../crypto/bytes.ts";
import { ConfigurationError } from "../../error/errors.ts";
import type { SignatureScheme } from "../../provider/webhook.ts";
import { secondsOf } from "./seconds.ts";

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
  const [id, timestamp, signature] = ["id", "timestamp", "signature"].map((name) => headerPrefix + name) as [
    string,
    string,
    string,
  ];
  return {
    kind: "hmac",
    hash: "SHA-256",
    covers: "body",
    keys: secretKeys(secrets),
    toleranceSeconds,
    headers: [id, timestamp, signature],
    signatures: ({ headers }) =>
      (headers.get(signature) ?? "")
        .split(" ")
        .filter((entry) => entry.startsWith("v1,"))
        .flatMap((entry) => fromBase64(entry.slice(3)) ?? []),
    signedBytes: ({ headers, body }) => [concatBytes(utf8(`${headers.get(id)}.${headers.get(timestamp)}.`), body)],
    timestampSeconds: ({ headers }) => secondsOf(headers.get(timestamp)),
  };
}

function secretKeys(secrets: readonly string[]): readonly Uint8Array<ArrayBuffer>[] {
  const keys = secrets.map((secret) => fromBase64(secret.replace(/^whsec_/, "")));
  const problems = keys.flatMap((key, i) =>
    key?.length ? [] : [`option "secrets" must hold keys in base64, with or without "whsec_": number ${i + 1} is none`],
  );
  if (keys.length === 0) problems.push('option "secrets" must hold at least one secret');
  if (problems.length > 0) throw new ConfigurationError("Standard Webhooks", problems);
  return keys as readonly Uint8Array<ArrayBuffer>[];
}
