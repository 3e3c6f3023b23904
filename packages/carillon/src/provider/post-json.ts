import type { ProviderFailure } from "./contract.ts";
import { isOverBytes, refused } from "./message.ts";
import type { OutboundRequest, Secret } from "./request.ts";
import { readSecret } from "./secret.ts";

/** How a provider of JSON over HTTP is called. */
export interface JsonPost {
  /** Of the body, attachments in base64 included. */
  readonly maxBytes: number;
  readonly secret: Secret;
  headers(secret: string): Readonly<Record<string, string>>;
}

/** The request, or `invalid-message` for a body that is too large, or why there is no secret. */
export async function postJson(
  url: string,
  payload: unknown,
  post: JsonPost,
): Promise<OutboundRequest | ProviderFailure> {
  const { maxBytes } = post;
  const body = JSON.stringify(payload);
  if (isOverBytes(maxBytes, body)) return refused("attachments", `at most ${maxBytes} bytes with the rest`);
  const secret = await readSecret(post.secret);
  if (typeof secret !== "string") return secret;
  const headers = { "content-type": "application/json", ...post.headers(secret) };
  return { method: "POST", url, headers, body, secrets: [secret] };
}
