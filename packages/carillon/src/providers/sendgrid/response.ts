import type { EmailMessage } from "../../channels/email.ts";
import type { BatchItem, Outcome, ProviderFailure } from "../../provider/contract.ts";
import { failed } from "../../provider/failure.ts";
import { entryOf, recordOf, textOf } from "../../provider/reading.ts";
import type { ProviderResponse } from "../../provider/request.ts";

/** SendGrid's fields by the caller's names, where they differ. */
const fieldNames: Readonly<Record<string, string>> = {
  reply_to_list: "replyTo",
  content: "text",
  custom_args: "metadata",
  categories: "tags",
};

/** `personalizations.0.to.1.email` is the caller's `to.1.email`. */
function fieldOf(field: unknown): string | undefined {
  const path = textOf(field)?.replace(/^personalizations(\.\d+)?\.?/, "");
  return entryOf(fieldNames, path?.split(/[.[]/, 1)[0]) ?? textOf(path);
}

/**
 * SendGrid has no codes: the status says it all, and the body's first error names the field.
 * https://www.twilio.com/docs/sendgrid/api-reference/mail-send/errors (read 2026-11-23)
 */
function readFailure({ status, headers, json }: ProviderResponse): ProviderFailure {
  // A list, if it is there; whatever else it is has no error at its first place.
  const errors = recordOf(json)["errors"] as readonly unknown[] | null | undefined;
  const { field, message } = recordOf(errors?.[0]);
  // Unix seconds, by the clock that the answer itself carries.
  const untilResetMs = Number(headers.get("x-ratelimit-reset")) * 1000 - Date.parse(headers.get("date") ?? "");
  return {
    ...failed(status, undefined, message),
    field: status === 400 ? fieldOf(field) : undefined,
    retryAfterMs: status === 429 && untilResetMs >= 0 ? untilResetMs : undefined,
  };
}

/** 202 means queued, whatever the body; 200 is the sandbox's answer, and only where the sandbox was asked for. */
export function readSendGridResponse(response: ProviderResponse, message: EmailMessage): Outcome {
  const { status, headers } = response;
  return status === 202 || (status === 200 && message.providerOptions["sendgrid"]?.["sandbox"])
    ? { ok: true, providerMessageId: textOf(headers.get("x-message-id")) }
    : readFailure(response);
}

/** One answer for all: they share options and id, and are told apart by the custom arguments that their events carry. */
export function readSendGridBatch(
  response: ProviderResponse,
  items: readonly BatchItem<"email">[],
): readonly Outcome[] | ProviderFailure {
  const outcome = readSendGridResponse(response, (items[0] as BatchItem<"email">).message);
  return outcome.ok ? items.map(() => outcome) : outcome;
}
