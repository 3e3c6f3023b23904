import type { ProviderFailure } from "./contract.ts";
import { isOverBytes, overLimit } from "./limits.ts";
import type { OutboundRequest, Secret } from "./request.ts";
import { readSecret } from "./secret.ts";

/** How a provider of JSON over HTTP is called. */
export interface JsonPost {
  readonly provider: string;
  readonly url: string;
  readonly payload: unknown;
  /** Of the body, attachments in base64 included. */
  readonly maxBytes: number;
  /** The option's name, for what is said when its function fails. */
  readonly secretName: string;
  readonly secret: Secret;
  headers(secret: string): Readonly<Record<string, string>>;
}

/** The request, or `invalid-message` for a body that is too large, or why there is no secret. */
export async function postJson(post: JsonPost): Promise<OutboundRequest | ProviderFailure> {
  const { provider, url, maxBytes } = post;
  const body = JSON.stringify(post.payload);
  if (isOverBytes(maxBytes, body)) {
    return overLimit(provider, "attachments", `${maxBytes} bytes, attachments in base64 included`);
  }
  const secret = await readSecret(post.secretName, post.secret);
  if (typeof secret !== "string") return secret;
  const headers = { "content-type": "application/json", ...post.headers(secret) };
  return { method: "POST", url, headers, body, secrets: [secret] };
}
