import type { BuildContext, Message, OutboundRequest, ProviderFailure } from "carillon";
import { mimeMessage, unfoldable } from "carillon/mime";
import { type FieldProblem, refusal } from "carillon/provider";
import { base64 } from "./base64.ts";
import { isCredential, type SmtpOptions } from "./options.ts";

type Email = Message<"email">;

function* problemsOf({ headers, attachments }: Email): Generator<FieldProblem> {
  for (const [name, value] of Object.entries(headers)) {
    if (/^x-carillon-/i.test(name)) yield [`headers.${name}`, "another name"];
    // What is not ASCII is encoded, and then it folds.
    if (/^[ -~]+$/.test(value) && unfoldable.test(value)) yield [`headers.${name}`, "words of up to 900 characters"];
  }
  for (const [index, { contentType }] of attachments.entries()) {
    if (contentType.length > 900) yield [`attachments.${index}.contentType`, "up to 900 characters"];
  }
}

/** RFC 4616: what a server is told in one go with PLAIN, and taken apart for LOGIN. */
async function readCredentials({ username, password }: SmtpOptions): Promise<readonly string[] | undefined> {
  if (username === undefined || password === undefined) return [];
  const value = typeof password === "string" ? password : await password();
  return isCredential(value) ? [username, value] : undefined;
}

/**
 * The envelope stands in `mail-from` and `rcpt-to`, the credentials of SASL's PLAIN in `authorization`, and the body is the
 * message as it goes after DATA, before its dots are doubled. Metadata and tags are not in it: whoever gets the mail could
 * read them.
 */
export async function buildSmtpRequest(
  message: Email,
  { messageId, now }: BuildContext,
  options: SmtpOptions,
): Promise<OutboundRequest | ProviderFailure> {
  const refused = refusal("smtp", message, {}, problemsOf(message));
  if (refused) return refused;
  const credentials = await readCredentials(options);
  if (!credentials) return { ok: false, kind: "unauthorized", detail: "expected a password that is not blank" };
  const [, password = ""] = credentials;
  const plain = credentials.length > 0 ? base64(["", ...credentials].join("\0")) : "";
  const { from, to, cc, bcc, headers } = message;
  const { host, port, security, returnPath = from.email } = options;
  // The same for every try of a message: by it, a mail system can tell a second copy.
  const id = `${messageId}@${from.email.split("@")[1]}`;
  return {
    method: "MAIL",
    url: `${security === "tls" ? "smtps" : "smtp"}://${host.includes(":") ? `[${host}]` : host}:${port ?? defaultPort(options)}`,
    headers: {
      "mail-from": returnPath,
      "rcpt-to": [...to, ...cc, ...bcc].map(({ email }) => email).join(" "),
      "message-id": id,
      ...(plain && { authorization: plain }),
    },
    body: mimeMessage({
      ...message,
      headers: {
        // RFC 5322 section 3.3: GMT is an obsolete zone.
        Date: now.toUTCString().replace("GMT", "+0000"),
        "Message-ID": `<${id}>`,
        "X-Carillon-Message-Id": messageId,
        ...headers,
      },
    }),
    secrets: plain ? [password, plain, base64(password)] : [],
  };
}

/** Of submission: RFC 6409, and RFC 8314 where TLS comes first. */
export function defaultPort({ security }: SmtpOptions): number {
  return security === "tls" ? 465 : 587;
}
