import type { EmailMessage } from "../../channels/email.ts";
import type { Outcome, ProviderFailure } from "../../provider/contract.ts";
import { failed, meaningOfStatus, unexpected } from "../../provider/failure.ts";
import { recordOf, textOf } from "../../provider/reading.ts";
import type { ProviderResponse } from "../../provider/request.ts";

/** SendGrid's fields by the caller's names, where they differ. */
const fieldNames: Readonly<Record<string, string>> = {
  reply_to: "replyTo",
  reply_to_list: "replyTo",
  content: "text",
  custom_args: "metadata",
  categories: "tags",
};

/** `personalizations.0.to.1.email` is the caller's `to.1.email`. */
function fieldOf(field: unknown): string | undefined {
  const path = textOf(field, 200)?.replace(/^personalizations(\.\d+)?\.?/, "");
  const [, name = "", rest = ""] = /^([^.[]*)(.*)$/s.exec(path ?? "") ?? [];
  if (name === "") return undefined;
  return Object.hasOwn(fieldNames, name) ? fieldNames[name] : name + rest;
}

/** Milliseconds until `X-RateLimit-Reset` (unix seconds), by the clock that the answer itself carries. */
function untilReset(headers: Headers): number | undefined {
  const ms = Number(headers.get("x-ratelimit-reset") ?? Number.NaN) * 1000 - Date.parse(headers.get("date") ?? "");
  return ms >= 0 && ms < 86_400_000 ? ms : undefined;
}

/**
 * SendGrid has no codes: the status says it all, and the body's first error names the field.
 * https://www.twilio.com/docs/sendgrid/api-reference/mail-send/errors (read 2026-11-23)
 */
function readFailure({ status, headers, json }: ProviderResponse): ProviderFailure {
  if (status < 400) return unexpected("SendGrid", status);
  const { errors } = recordOf(json);
  const { field, message } = recordOf(Array.isArray(errors) ? errors[0] : undefined);
  const meaning = meaningOfStatus(status);
  return failed(
    {
      ...meaning,
      ...(meaning.kind === "invalid-message" && { field: fieldOf(field) }),
      ...(meaning.kind === "rate-limited" && { retryAfterMs: untilReset(headers) }),
    },
    "SendGrid",
    status,
    undefined,
    message,
  );
}

/** 202 means queued, whatever the body; 200 is the sandbox's answer, and only where the sandbox was asked for. */
export function readSendGridResponse(response: ProviderResponse, message: EmailMessage): Outcome {
  const sandbox = message.providerOptions["sendgrid"]?.["sandbox"] === true;
  if (response.status !== 202 && !(sandbox && response.status === 200)) return readFailure(response);
  return { ok: true, providerMessageId: textOf(response.headers.get("x-message-id"), 256) };
}

/** One answer for all: they share the id, and are told apart by the custom arguments that their events carry. */
export function readSendGridBatch(
  response: ProviderResponse,
  messages: readonly EmailMessage[],
): readonly Outcome[] | ProviderFailure {
  const outcomes = messages.map((message) => readSendGridResponse(response, message));
  const [first] = outcomes;
  return first === undefined || first.ok ? outcomes : first;
}
