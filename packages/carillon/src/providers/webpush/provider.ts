import { webpushChannel } from "../../channels/webpush.ts";
import type { Provider } from "../../provider/contract.ts";
import { checkOptions } from "../../provider/options.ts";
import { factoryRules, optionalRules, type WebPushOptions } from "./options.ts";
import { pushBuilder } from "./request.ts";
import { readPushResponse } from "./response.ts";

/**
 * Sends to browsers through the push service that each of them subscribed at, end-to-end encrypted.
 *
 * Errors: throws `ConfigurationError` for options that cannot work. That a private key is not that of its public key only
 * WebCrypto can tell, which is asynchronous: the first message of that key is refused then, as `unauthorized`.
 *
 * @example
 * createNotifier({ webpush: [webpush({ vapid: { subject, publicKey, privateKey } })] });
 */
export function webpush(options: WebPushOptions): Provider<"webpush"> {
  checkOptions("webpush", options, factoryRules, optionalRules);
  const lane = { id: "webpush", account: options.account ?? "default" };
  return {
    ...lane,
    channel: webpushChannel,
    scope: "recipient",
    buildRequest: pushBuilder(lane, options),
    readResponse: readPushResponse,
  };
}
