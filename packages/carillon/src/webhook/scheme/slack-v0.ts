import { concatBytes, fromHex, utf8 } from "../../crypto/bytes.ts";
import { verifyHmac } from "../../crypto/hmac.ts";
import { ConfigurationError } from "../../error/errors.ts";
import type { SignatureScheme } from "../../provider/webhook.ts";
import { secondsOf } from "./seconds.ts";
import { isSigned } from "./signed.ts";

export interface SlackV0Options {
  /** Signing secrets as Slack shows them, used as text; several while one is regenerated. */
  readonly secrets: readonly string[];
}

const timestamp = "x-slack-request-timestamp";
const signature = "x-slack-signature";

/**
 * Slack's `v0`: HMAC-SHA256 over `v0:<timestamp>:<raw body>`, in lower-case hexadecimal after `v0=`; good for 5 minutes
 * either way. There is no replay key: the body is signed, and names the event.
 *
 * Errors: throws `ConfigurationError` for a list without secrets and for a blank secret.
 * Source: https://docs.slack.dev/authentication/verifying-requests-from-slack (read 2026-11-23)
 */
export function slackV0Scheme({ secrets }: SlackV0Options): SignatureScheme {
  if (secrets.length === 0 || !secrets.every((secret) => secret.trim())) {
    throw new ConfigurationError("Webhook", ['"secrets" must be text that is not blank']);
  }
  const keys = secrets.map(utf8);
  return {
    kind: "hmac",
    covers: "body",
    headers: [signature, timestamp],
    toleranceSeconds: 300,
    timestampSeconds: ({ headers }) => secondsOf(headers.get(timestamp)),
    async verify({ headers, body }, tools) {
      const seconds = secondsOf(headers.get(timestamp));
      const [, hex = ""] = /^v0=([0-9a-f]{64})$/.exec(`${headers.get(signature)}`) ?? [];
      const given = fromHex(hex);
      if (seconds === undefined || !given?.length) return false;
      const signed = concatBytes(utf8(`v0:${seconds}:`), body);
      return isSigned((...parts) => verifyHmac("SHA-256", ...parts), keys, [given], signed, tools.crypto);
    },
  };
}
