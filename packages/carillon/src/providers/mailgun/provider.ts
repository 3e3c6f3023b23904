import { emailChannel } from "../../channels/email.ts";
import type { Provider } from "../../provider/contract.ts";
import { checkOptions } from "../../provider/options.ts";
import { factoryRules, type MailgunOptions, placeRules } from "./options.ts";
import { buildMailgunRequest, checkMailgunMessage, mailgunGroupKey } from "./request.ts";
import { readMailgunBatch, readMailgunResponse } from "./response.ts";

/**
 * Sends e-mail through Mailgun. It has no idempotency key, so a send whose answer is lost stays unknown.
 *
 * Errors: throws `ConfigurationError` for options that cannot work.
 *
 * @example
 * createNotifier({ email: [mailgun({ apiKey, domain: "mg.example.com", region: "eu" })] });
 */
export function mailgun(options: MailgunOptions): Provider<"email"> {
  checkOptions("mailgun", options, factoryRules, placeRules);
  const { account = "default", baseUrl } = options;
  return {
    id: "mailgun",
    account,
    channel: emailChannel,
    baseUrl,
    buildRequest: (message, { messageId }) =>
      checkMailgunMessage(message, messageId) ?? buildMailgunRequest([{ message, messageId }], options),
    readResponse: readMailgunResponse,
    batch: {
      maxMessages: 1000,
      groupKey: mailgunGroupKey,
      buildRequest: (items) => buildMailgunRequest(items, options),
      readResponse: readMailgunBatch,
    },
  };
}
