import { type Provider, transport } from "carillon";
import { emailChannel } from "carillon/channels";
import { checkOptions } from "carillon/provider";
import { carryWith } from "./conversation.ts";
import { credentialRules, optionalRules, requiredRules, type SmtpOptions } from "./options.ts";
import { buildSmtpRequest } from "./request.ts";
import { readSmtpAnswer } from "./response.ts";

/**
 * Hands e-mail to an SMTP server: a connection for each message, which is one envelope with all its recipients. If the server
 * refuses one of them, nobody gets the message, so that its one result is true of all.
 *
 * Errors: throws `ConfigurationError` for options that cannot work, a username without its password included.
 *
 * @example
 * createNotifier({ email: [smtp({ host: "smtp.example.com", username: "app", password: "..." })] });
 */
export function smtp(options: SmtpOptions): Provider<"email"> {
  const { username, password } = options ?? {};
  const isOpen = username === undefined && password === undefined;
  checkOptions("smtp", options, isOpen ? requiredRules : { ...requiredRules, ...credentialRules }, optionalRules);
  return {
    id: "smtp",
    account: options.account ?? "default",
    channel: emailChannel,
    perform: transport(carryWith(options)),
    buildRequest: (message, context) => buildSmtpRequest(message, context, options),
    readResponse: readSmtpAnswer,
  };
}
