import type { ProviderFailure } from "./contract.ts";
import { isHeaderSafe } from "./options.ts";
import type { Secret } from "./request.ts";

/**
 * The secret's present value, or why there is none: a store that cannot be reached now is worth another try
 * (nothing has been sent), a value that cannot stand in a header is not.
 */
export async function readSecret(name: string, secret: Secret): Promise<string | ProviderFailure> {
  if (typeof secret === "string") return secret;
  let value: unknown;
  try {
    value = await secret();
  } catch {
    // The error is dropped: it may hold the secret, or where it is kept.
    return { ok: false, kind: "unavailable", notAccepted: true, detail: `The function for "${name}" failed` };
  }
  if (isHeaderSafe(value)) return value;
  return { ok: false, kind: "unauthorized", detail: `The function for "${name}" gave no usable secret` };
}
