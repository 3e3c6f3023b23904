import { smsChannel } from "../../channels/sms.ts";
import type { Provider } from "../../provider/contract.ts";
import { checkOptions } from "../../provider/options.ts";
import { factoryRules, type TwilioOptions } from "./options.ts";
import { buildTwilioRequest } from "./request.ts";
import { readTwilioResponse } from "./response.ts";

/**
 * Sends text messages through Twilio. It has no idempotency key, so a send whose answer is lost stays unknown.
 *
 * Errors: throws `ConfigurationError` for options that cannot work.
 *
 * @example
 * createNotifier({ sms: [twilio({ accountSid, authToken, from: "+15005550006", statusCallback })] });
 */
export function twilio(options: TwilioOptions): Provider<"sms"> {
  checkOptions("twilio", options, ...factoryRules(options));
  const { account = "default", baseUrl } = options;
  return {
    id: "twilio",
    account,
    channel: smsChannel,
    baseUrl,
    buildRequest: (message, { messageId }) => buildTwilioRequest(message, messageId, options),
    readResponse: readTwilioResponse,
  };
}
