import * as v from "valibot";
import { simulatorCredentials } from "../credentials.ts";
import { emailRecipients, type EmailContent, type Mailbox } from "../message.ts";
import type { Answer, ApiRequest, Handled, Route } from "../route.ts";
import { isBase64, randomBytes, toBase64, toBase64Url, utf8 } from "../wire/bytes.ts";
import { check, headerName, isHeaderValue } from "../wire/check.ts";
import { isAddress } from "../wire/mailbox.ts";

// Source: https://github.com/axllent/mailpit, server/apiv1/send.go and server/server.go.

const { baseUrl, username, password } = simulatorCredentials.mailpit;
/** `--max-message-size`, as it is by default. */
const maxBodyBytes = 50 * 1024 * 1024;

const ownHeaders = "to from cc bcc reply-to date subject content-type mime-version".split(" ");

const line = v.pipe(v.string(), v.check(isHeaderValue, "malformed MIME header"));
const address = v.strictObject({ Email: v.string(), Name: v.optional(line, "") });
const mail = v.strictObject({
  From: address,
  To: v.optional(v.array(address), []),
  Cc: v.optional(v.array(address), []),
  Bcc: v.optional(v.array(v.string()), []),
  ReplyTo: v.optional(v.array(address), []),
  Subject: v.optional(line, ""),
  Text: v.optional(v.string(), ""),
  HTML: v.optional(v.string(), ""),
  Attachments: v.optional(
    v.array(
      v.strictObject({
        Content: v.string(),
        Filename: line,
        ContentType: v.optional(line, ""),
        ContentID: v.optional(line, ""),
      }),
    ),
    [],
  ),
  Headers: v.optional(v.record(v.pipe(v.string(), v.regex(headerName, "malformed MIME header")), line), {}),
  Tags: v.optional(v.array(line), []),
});
type Mail = v.InferOutput<typeof mail>;

function refuse(status: number, text: string): Handled {
  return { answer: { status, body: { Error: text } }, messages: [] };
}

function handle(request: ApiRequest): Handled {
  if (request.path !== "/api/v1/send" || request.method !== "POST") {
    return { answer: { status: 404, headers: { "content-type": "text/html" }, body: "Not found" }, messages: [] };
  }
  if (request.headers.get("authorization") !== `Basic ${toBase64(utf8(`${username}:${password}`))}`) {
    const headers = { "www-authenticate": 'Basic realm="Login"', "content-type": "text/plain" };
    return { answer: { status: 401, headers, body: "Unauthorized.\n" }, messages: [] };
  }
  if (request.bytes.length > maxBodyBytes) return refuse(413, "http: request body too large");
  if (request.json === undefined) return refuse(400, "invalid character in the body");
  const checked = check(mail, request.json);
  if (!checked.ok) return refuse(400, checked.problems.map(({ path, text }) => `${path}: ${text}`).join("; "));
  const problem = problemOf(checked.value);
  return problem === undefined ? accepted(checked.value) : refuse(400, problem);
}

function problemOf(input: Mail): string | undefined {
  const mailboxes = [
    ["From", [input.From.Email]],
    ["To", input.To.map(({ Email }) => Email)],
    ["Cc", input.Cc.map(({ Email }) => Email)],
    ["Bcc", input.Bcc],
    ["Reply-To", input.ReplyTo.map(({ Email }) => Email)],
  ] as const;
  for (const [name, emails] of mailboxes) {
    const wrong = emails.find((email) => !isAddress(email));
    if (wrong !== undefined) return `invalid ${name} address: ${wrong}`;
  }
  const forbidden = input.Tags.length > 0 ? [...ownHeaders, "x-tags"] : ownHeaders;
  const header = Object.keys(input.Headers).find((name) => forbidden.includes(name.toLowerCase()));
  if (header !== undefined) return `cannot overwrite header: "${header}"`;
  const file = input.Attachments.find(({ Content }) => !isBase64(Content));
  return file && `error decoding base64 attachment "${file.Filename}"`;
}

function toMailbox({ Email, Name }: v.InferOutput<typeof address>): Mailbox {
  return Name === "" ? { email: Email } : { email: Email, name: Name };
}

function accepted(input: Mail): Handled {
  const content: EmailContent = {
    kind: "email",
    from: toMailbox(input.From),
    to: input.To.map(toMailbox),
    cc: input.Cc.map(toMailbox),
    bcc: input.Bcc.map((email) => ({ email })),
    replyTo: input.ReplyTo.map(toMailbox),
    subject: input.Subject,
    html: input.HTML || undefined,
    text: input.Text || undefined,
    headers: Object.entries(input.Headers),
    attachments: input.Attachments.map((file) => ({
      filename: file.Filename,
      contentType: file.ContentType || "application/octet-stream",
      contentId: file.ContentID || undefined,
      base64: file.Content,
    })),
  };
  const ID = toBase64Url(randomBytes(16));
  return {
    answer: { status: 200, body: { ID } },
    messages: [
      {
        providerMessageId: ID,
        messageId: input.Headers["X-Carillon-Message-Id"],
        content,
        metadata: {},
        tags: input.Tags,
        recipients: emailRecipients(content),
      },
    ],
  };
}

const down: Answer = { status: 503, headers: { "content-type": "text/plain" }, body: "Service Unavailable\n" };

/** Mailpit's send API, with a credential. It delivers nothing, and so tells nothing of it. */
export const route: Route = {
  id: "mailpit",
  name: "Mailpit",
  hosts: [new URL(baseUrl).hostname],
  secretHeaders: ["authorization"],
  handle,
  // A proxy's: Mailpit itself has no such limit.
  rateLimited: (seconds) => ({
    status: 429,
    headers: { "retry-after": String(seconds), "content-type": "text/plain" },
    body: "Too Many Requests\n",
  }),
  unavailable: () => down,
};
