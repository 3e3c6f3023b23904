import type { ProviderFailure } from "./contract.ts";
import { isOverBytes, refused } from "./message.ts";
import type { OutboundRequest, Secret } from "./request.ts";
import { readSecret } from "./secret.ts";

/**
 * The request, or `invalid-message` for a body of more than `maxBytes` (attachments in base64 included), or why there is
 * no secret.
 */
export async function postJson(
  url: string,
  payload: unknown,
  maxBytes: number,
  secret: Secret,
  headersWith: (secret: string) => Readonly<Record<string, string>>,
): Promise<OutboundRequest | ProviderFailure> {
  const body = JSON.stringify(payload);
  if (isOverBytes(maxBytes, body)) return refused("attachments", `at most ${maxBytes} bytes with the rest`);
  const value = await readSecret(secret);
  if (typeof value !== "string") return value;
  const headers = { "content-type": "application/json", ...headersWith(value) };
  return { method: "POST", url, headers, body, secrets: [value] };
}
