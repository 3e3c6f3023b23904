import { emailChannel } from "../../channels/email.ts";
import type { Provider } from "../../provider/contract.ts";
import { accountRules, checkOptions } from "../../provider/options.ts";
import { factoryRules, type ResendOptions } from "./options.ts";
import { checkResendMessage, postResend, resendGroupKey, toResendEmail } from "./request.ts";
import { readResendBatch, readResendResponse } from "./response.ts";

/**
 * Sends e-mail through Resend (https://resend.com).
 *
 * Errors: throws `ConfigurationError` for options that cannot work.
 *
 * @example
 * createNotifier({ email: [resend({ apiKey })] });
 */
export function resend(options: ResendOptions): Provider<"email"> {
  checkOptions("resend", options, factoryRules, accountRules);
  const { apiKey, account = "default", baseUrl } = options;
  return {
    id: "resend",
    account,
    channel: emailChannel,
    baseUrl,
    // https://resend.com/docs/dashboard/emails/idempotency-keys (read 2026-11-23)
    idempotency: { maxKeyLength: 256, windowSeconds: 86_400 },
    // https://resend.com/docs/api-reference/rate-limit (read 2026-11-23)
    rate: { per: "request", perSecond: 2, burst: 2 },
    buildRequest: (message, context) =>
      checkResendMessage(message) ??
      postResend(toResendEmail({ message, messageId: context.messageId }), context, apiKey),
    readResponse: (response) => readResendResponse(response),
    batch: {
      maxMessages: 100,
      groupKey: resendGroupKey,
      buildRequest: (items, context) => postResend(items.map(toResendEmail), context, apiKey),
      readResponse: readResendBatch,
    },
  };
}
