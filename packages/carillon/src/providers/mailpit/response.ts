import type { Outcome } from "../../provider/contract.ts";
import { failed } from "../../provider/failure.ts";
import { recordOf, textOf } from "../../provider/reading.ts";
import type { ProviderResponse } from "../../provider/request.ts";

/**
 * Mailpit has no codes: 400 is a message that it could not read, 413 one that is larger than its `--max-message-size`, 401 a
 * credential. https://mailpit.axllent.org/docs/api-v1/ (read 2026-11-23)
 */
export function readMailpitResponse({ status, json }: ProviderResponse): Outcome {
  const { ID, Error: said } = recordOf(json);
  const providerMessageId = textOf(ID);
  return status === 200 && providerMessageId ? { ok: true, providerMessageId } : failed(status, undefined, said);
}
