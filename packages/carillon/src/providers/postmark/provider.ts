import { emailChannel } from "../../channels/email.ts";
import type { Provider } from "../../provider/contract.ts";
import { checkPostmarkOptions, type PostmarkOptions } from "./options.ts";
import { buildPostmarkBatch, buildPostmarkRequest, postmarkGroupKey } from "./request.ts";
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
  checkPostmarkOptions(options);
  const { serverToken, messageStream, account = "default", baseUrl } = options;
  return {
    id: "postmark",
    account,
    channel: emailChannel,
    baseUrl,
    buildRequest: (message, { messageId }) => buildPostmarkRequest({ message, messageId }, serverToken, messageStream),
    readResponse: readPostmarkResponse,
    batch: {
      maxMessages: 500,
      groupKey: postmarkGroupKey,
      buildRequest: (items) => buildPostmarkBatch(items, serverToken, messageStream),
      readResponse: (response, items) =>
        readPostmarkBatch(
          response,
          items.map(({ message }) => message),
        ),
    },
  };
}
