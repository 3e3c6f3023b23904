import { emailChannel } from "../../channels/email.ts";
import type { Provider } from "../../provider/contract.ts";
import { accountRules, checkOptions } from "../../provider/options.ts";
import { factoryRules, type SendGridOptions } from "./options.ts";
import { buildSendGridRequest, checkSendGridMessage, sendGridGroupKey } from "./request.ts";
import { readSendGridBatch, readSendGridResponse } from "./response.ts";

/**
 * Sends e-mail through Twilio SendGrid's v3 API. It has no idempotency key, so a send whose answer is lost stays unknown.
 *
 * Errors: throws `ConfigurationError` for options that cannot work.
 *
 * @example
 * createNotifier({ email: [sendgrid({ apiKey })] });
 */
export function sendgrid(options: SendGridOptions): Provider<"email"> {
  checkOptions("sendgrid", options, factoryRules, accountRules);
  const { apiKey, account = "default", baseUrl } = options;
  return {
    id: "sendgrid",
    account,
    channel: emailChannel,
    baseUrl,
    buildRequest: (message, { messageId }) =>
      checkSendGridMessage(message) ?? buildSendGridRequest([{ message, messageId }], apiKey),
    readResponse: readSendGridResponse,
    batch: {
      maxMessages: 1000,
      groupKey: sendGridGroupKey,
      buildRequest: (items) => buildSendGridRequest(items, apiKey),
      readResponse: readSendGridBatch,
    },
  };
}
