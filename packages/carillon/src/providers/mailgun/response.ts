import type { BatchItem, Outcome, ProviderFailure } from "../../provider/contract.ts";
import { failed } from "../../provider/failure.ts";
import { recordOf, textOf } from "../../provider/reading.ts";
import type { ProviderResponse } from "../../provider/request.ts";

/**
 * Mailgun has no codes: the status says it all. The id is given in angle brackets, and comes without them in webhooks.
 * A 200 without an id is what a path that it does not know gets ("Mailgun Magnificent API").
 * https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages (read 2026-11-23)
 */
export function readMailgunResponse({ status, json }: ProviderResponse): Outcome {
  const { id, message } = recordOf(json);
  const providerMessageId = textOf(id)?.replace(/^<|>$/g, "");
  if (status === 200 && providerMessageId) return { ok: true, providerMessageId };
  // How long to wait is in the text alone; what it does not say, the core decides.
  const seconds = /try again after (\d{1,5}) seconds/.exec(textOf(message) ?? "")?.[1];
  return {
    ...failed(status, undefined, message),
    retryAfterMs: status === 429 && seconds ? Number(seconds) * 1000 : undefined,
  };
}

/** One answer for all, and one id: messages are told apart by the variables that their events carry. */
export function readMailgunBatch(
  response: ProviderResponse,
  items: readonly BatchItem<"email">[],
): readonly Outcome[] | ProviderFailure {
  const outcome = readMailgunResponse(response);
  return outcome.ok ? items.map(() => outcome) : outcome;
}
