import { emailChannel } from "../../channels/email.ts";
import type { Provider } from "../../provider/contract.ts";
import { checkOptions } from "../../provider/options.ts";
import { sesGroupKey, toBulkEmail } from "./bulk.ts";
import { factoryRules, moreRules, type SesOptions } from "./options.ts";
import { sesPost } from "./post.ts";
import { checkSesMessage, toSesEmail } from "./request.ts";
import { readSesBulk, readSesResponse } from "./response.ts";

/**
 * Sends e-mail through Amazon SES, API version 2. It has no idempotency key, so a send whose answer is lost stays unknown.
 * How fast an account may send is its own affair: SES says when it was too fast.
 *
 * Errors: throws `ConfigurationError` for options that cannot work.
 *
 * @example
 * createNotifier({ email: [ses({ accessKeyId, secretAccessKey, region: "eu-west-1" })] });
 */
export function ses(options: SesOptions): Provider<"email"> {
  checkOptions("ses", options, factoryRules, moreRules);
  const { configurationSet, account = "default", baseUrl } = options;
  const post = sesPost(options);
  return {
    id: "ses",
    account,
    channel: emailChannel,
    baseUrl,
    buildRequest(message, context) {
      const item = { message, messageId: context.messageId };
      return checkSesMessage(message) ?? post(toSesEmail(item, configurationSet), context);
    },
    readResponse: (response) => readSesResponse(response),
    batch: {
      maxMessages: 50,
      groupKey: (message) => sesGroupKey(message, configurationSet),
      buildRequest: (items, context) => post(toBulkEmail(items, configurationSet), context),
      readResponse: readSesBulk,
    },
  };
}
