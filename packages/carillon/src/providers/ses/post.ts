import { sigV4Signer } from "../../crypto/sigv4.ts";
import type { BuildContext, ProviderFailure } from "../../provider/contract.ts";
import { postJson } from "../../provider/post-json.ts";
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
    const bulk = "BulkEmailEntries" in payload ? "bulk-" : "";
    const url = `https://email.${region}.${domain}/v2/email/outbound-${bulk}emails`;
    const request = await postJson(url, payload, maxBytes, secretAccessKey, () => ({}));
    if ("ok" in request) return request;
    const id = await readSecret(accessKeyId);
    if (typeof id !== "string") return id;
    const token = sessionToken && (await readSecret(sessionToken));
    if (typeof token === "object") return token;
    const [key = ""] = request.secrets;
    const credentials = { accessKeyId: id, secretAccessKey: key, sessionToken: token };
    const headers = await sign({ ...request, body: request.body as string }, credentials, now);
    return { ...request, headers, secrets: [key, id, ...(token ? [token] : [])] };
  };
}
