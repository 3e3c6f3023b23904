import { concatBytes, fromBase64, toBase64, utf8 } from "../../crypto/bytes.ts";
import { signHmac, verifyHmac } from "../../crypto/hmac.ts";
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
    verify({ headers, body }, tools) {
      const signatures = `${headers.get(signature)}`
        .split(" ")
        .flatMap((entry) => (entry.startsWith("v1,") && fromBase64(entry.slice(3))) || []);
      const signed = concatBytes(utf8(`${headers.get(id)}.${headers.get(timestamp)}.`), body);
      return isSigned((...signature) => verifyHmac("SHA-256", ...signature), keys, signatures, signed, tools.crypto);
    },
  };
}

/** A webhook that is to be sent. */
export interface UnsignedWebhook {
  /** The same at every retry: receivers know a repetition by it. No `.`, which ends it where it is signed. */
  readonly id: string;
  /** Of this try, not of the event. */
  readonly sentAt: Date;
  readonly body: string;
}

/**
 * The headers of a Standard Webhook, signed with each secret: while secrets rotate, the receiver may hold either.
 *
 * Errors: throws `ConfigurationError` for a list without secrets and for a secret that is not base64 of a key.
 * Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export async function signStandardWebhook(
  { id, sentAt, body }: UnsignedWebhook,
  secrets: readonly string[],
): Promise<Readonly<Record<"webhook-id" | "webhook-timestamp" | "webhook-signature", string>>> {
  const timestamp = `${Math.floor(sentAt.getTime() / 1000)}`;
  const signed = utf8(`${id}.${timestamp}.${body}`);
  const signatures = await Promise.all(
    secretKeys(secrets).map(async (key) => `v1,${toBase64(await signHmac("SHA-256", key, signed))}`),
  );
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signatures.join(" ") };
}

function secretKeys(secrets: readonly string[]): readonly Uint8Array<ArrayBuffer>[] {
  const keys = secrets.flatMap((secret) => fromBase64(secret.replace(/^whsec_/, "")) ?? []);
  if (keys.length === 0 || keys.length < secrets.length || keys.some((key) => key.length === 0)) {
    throw new ConfigurationError("Webhook", ['"secrets" must be keys in base64, with or without whsec_']);
  }
  return keys;
}
