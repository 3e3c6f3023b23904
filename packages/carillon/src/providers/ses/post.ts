import { sigV4Signer } from "../../crypto/sigv4.ts";
import type { BuildContext, ProviderFailure } from "../../provider/contract.ts";
import { isOverBytes, refused } from "../../provider/message.ts";
import type { OutboundRequest } from "../../provider/request.ts";
import { readSecret } from "../../provider/secret.ts";
import type { SesOptions } from "./options.ts";
import type { SesBulkEmail, SesEmail } from "./wire.ts";

export type SesPost = (
  payload: SesEmail | SesBulkEmail,
  context: Pick<BuildContext, "now">,
) => Promise<OutboundRequest | ProviderFailure>;

/** "40 MB per message (after base64 encoding)": https://docs.aws.amazon.com/ses/latest/dg/quotas.html (read 2026-11-23). */
const maxBytes = 40_000_000;

/**
 * Makes the signed request, with the secrets as they are then and for the time that it is.
 *
 * Errors: `invalid-message` for a message that is too large, `unauthorized` for a secret that is none.
 */
export function sesPost({ accessKeyId, secretAccessKey, sessionToken, region }: SesOptions): SesPost {
  const sign = sigV4Signer("ses", region);
  // https://docs.aws.amazon.com/general/latest/gr/ses.html (read 2026-11-23)
  const domain = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  return async (payload, { now }) => {
    const body = JSON.stringify(payload);
    if (isOverBytes(maxBytes, body)) return refused("attachments", `at most ${maxBytes} bytes with the rest`);
    const secrets: string[] = [];
    for (const secret of [accessKeyId, secretAccessKey, sessionToken]) {
      const value = secret && (await readSecret(secret));
      if (typeof value === "object") return value;
      if (value) secrets.push(value);
    }
    const [id = "", key = "", token] = secrets;
    const isBulk = "BulkEmailEntries" in payload;
    const request = {
      method: "POST",
      url: `https://email.${region}.${domain}/v2/email/outbound-${isBulk ? "bulk-" : ""}emails`,
      headers: { "content-type": "application/json" },
      body,
    };
    const credentials = { accessKeyId: id, secretAccessKey: key, sessionToken: token };
    return { ...request, headers: await sign(request, credentials, now), secrets };
  };
}
