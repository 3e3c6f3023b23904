import { emailChannel } from "../../channels/email.ts";
import type { Provider } from "../../provider/contract.ts";
import { checkOptions } from "../../provider/options.ts";
import { accountRules, credentialRules, factoryRules, type MailpitOptions } from "./options.ts";
import { buildMailpitRequest, checkMailpitMessage } from "./request.ts";
import { readMailpitResponse } from "./response.ts";

/**
 * Hands e-mail to a Mailpit, which delivers none of it and shows it: for local work and for tests. It reports nothing
 * afterwards, so there is no receiver.
 *
 * Errors: throws `ConfigurationError` for options that cannot work, a username without its password included.
 *
 * @example
 * createNotifier({ email: [mailpit({ baseUrl: "http://localhost:8025" })] });
 */
export function mailpit(options: MailpitOptions): Provider<"email"> {
  const { username, password } = options ?? {};
  const isOpen = username === undefined && password === undefined;
  checkOptions("mailpit", options, isOpen ? factoryRules : { ...factoryRules, ...credentialRules }, accountRules);
  const { account = "default", baseUrl } = options;
  return {
    id: "mailpit",
    account,
    channel: emailChannel,
    baseUrl,
    buildRequest: (message, { messageId }) =>
      checkMailpitMessage(message) ?? buildMailpitRequest(message, messageId, options),
    readResponse: readMailpitResponse,
  };
}
