import { emailChannel } from "../../channels/email.ts";
import type { Provider } from "../../provider/contract.ts";
import { checkOptions } from "../../provider/options.ts";
import { factoryRules, type PostmarkOptions, streamRules } from "./options.ts";
import { checkPostmarkMessage, postmarkGroupKey, postPostmark, toPostmarkMessage } from "./request.ts";
import { readPostmarkBatch, readPostmarkResponse } from "./response.ts";

/**
 * Sends e-mail through Postmark. It has no idempotency key, so a send whose answer is lost stays unknown.
 *
 * Errors: throws `ConfigurationError` for options that cannot work.
 *
 * @example
 * createNotifier({ email: [postmark({ serverToken })] });
 */
export function postmark(options: PostmarkOptions): Provider<"email"> {
  checkOptions("postmark", options, factoryRules, streamRules);
  const { serverToken, messageStream, account = "default", baseUrl } = options;
  return {
    id: "postmark",
    account,
    channel: emailChannel,
    baseUrl,
    buildRequest: (message, { messageId }) =>
      checkPostmarkMessage(message, messageId) ??
      postPostmark(toPostmarkMessage({ message, messageId }, messageStream), serverToken),
    readResponse: readPostmarkResponse,
    batch: {
      maxMessages: 500,
      groupKey: postmarkGroupKey,
      buildRequest: (items) =>
        postPostmark(
          items.map((item) => toPostmarkMessage(item, messageStream)),
          serverToken,
        ),
      readResponse: readPostmarkBatch,
    },
  };
}
