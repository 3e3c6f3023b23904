import type { ProviderFailure } from "./contract.ts";
import { credential, isHeaderSafe } from "./options.ts";
import type { Secret } from "./request.ts";

/**
 * The secret's present value, or why there is none: one that cannot stand in a header is none.
 *
 * Errors: rejects with what the secret's function threw. The core takes that for a store that cannot be reached now, so
 * that another try is worth it, and drops the error, which may hold the secret.
 */
export async function readSecret(secret: Secret): Promise<string | ProviderFailure> {
  const value = typeof secret === "string" ? secret : await secret();
  if (isHeaderSafe(value)) return value;
  return { ok: false, kind: "unauthorized", detail: `expected a secret of ${credential}` };
}
