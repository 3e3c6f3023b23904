import { emailChannel } from "../../channels/email.ts";
import type { Provider } from "../../provider/contract.ts";
import { checkResendOptions, type ResendOptions } from "./options.ts";
import { buildResendBatch, buildResendRequest, resendGroupKey } from "./request.ts";
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
  checkResendOptions(options);
  const { apiKey, account = "default", baseUrl, requestsPerSecond = 2 } = options;
  return {
    id: "resend",
    account,
    channel: emailChannel,
    baseUrl,
    // https://resend.com/docs/dashboard/emails/idempotency-keys (read 2026-11-23)
    idempotency: { maxKeyLength: 256, windowSeconds: 86_400 },
    rate: { per: "request", perSecond: requestsPerSecond, burst: Math.max(1, Math.floor(requestsPerSecond)) },
    buildRequest: (message, context) => buildResendRequest(message, context, apiKey),
    readResponse: readResendResponse,
    batch: {
      maxMessages: 100,
      groupKey: resendGroupKey,
      buildRequest: (items, context) => buildResendBatch(items, context, apiKey),
      readResponse: (response, items) => readResendBatch(response, items.length),
    },
  };
}
