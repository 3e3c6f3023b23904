import { emailRecipients, type AcceptedMessage, type EmailContent, type Mailbox } from "../message.ts";
import type { Answer, ApiRequest, Handled, Route } from "../route.ts";
import { fromBase64 } from "../wire/bytes.ts";
import { check, type Problem } from "../wire/check.ts";
import { decodeWords } from "./ses/encoded-word.ts";
import { MimeProblem, readMime } from "./ses/mime.ts";
import { bulkEntry, sendBulkEmail, sendEmail } from "./ses/schema.ts";
import { signatureProblem } from "./ses/signature.ts";
import { answerSns } from "./ses/sns.ts";
import { webhook } from "./ses/webhook.ts";
import type { BulkEntry, Destination, Entry, Extras, SendBulkEmail, SendEmail, Template } from "./ses/wire.ts";

// Sources: see ses/schema.ts and ses/signature.ts; https://docs.aws.amazon.com/ses/latest/dg/send-personalized-email-api.html.
// Unlike SES, the simulator knows no identities, so that every address may send, and no rate and quota of its own.

const maxBodyBytes = 40 * 1024 * 1024;
/** Of a request with a template in it. */
const maxTemplateBytes = 1_000_000;

/** A request, or an entry of one, that SES would refuse with `BadRequestException`. */
class BadRequest extends Error {}

function refuse(status: number, code: string, message: string): Handled {
  return { answer: error(status, code, message), messages: [] };
}

function error(status: number, code: string, message: string): Answer {
  return {
    status,
    headers: { "x-amzn-errortype": code, "x-amzn-requestid": crypto.randomUUID() },
    body: { message },
  };
}

function describe({ path, kind, text }: Problem): string {
  const at = path === "" ? "the request" : `'${path}'`;
  if (kind === "missing") return `1 validation error detected: Value at ${at} must not be null.`;
  if (kind === "unknown") return `1 validation error detected: ${at} is no member.`;
  return `1 validation error detected: Value at ${at} failed to satisfy constraint: ${text}`;
}

function read<T>(checked: ReturnType<typeof check<T>>): T {
  if (!checked.ok) throw new BadRequest(describe(checked.problems[0] as Problem));
  return checked.value;
}

/** Simple substitutions; a variable without a value is a rendering failure. SES accepts that, and tells of it later. */
function render(template: string | undefined, data: string | undefined): string | undefined {
  let values: unknown;
  try {
    values = JSON.parse(data ?? "{}");
  } catch {
    throw new BadRequest("The template data is no JSON.");
  }
  return template?.replace(/\{\{(.*?)\}\}/gs, (_, inner: string) => {
    const name = inner.trim();
    const value =
      typeof values === "object" && values !== null && Object.hasOwn(values, name)
        ? (values as Record<string, unknown>)[name]
        : undefined;
    if (typeof value !== "string") throw new BadRequest(`Attribute '${name}' is not present in the rendering data.`);
    return value;
  });
}

type Body = Pick<EmailContent, "subject" | "html" | "text" | "headers" | "attachments">;

function bodyOf(
  subject: string,
  text: string | undefined,
  html: string | undefined,
  { Headers, Attachments }: Extras,
): Body {
  return {
    subject,
    text,
    html,
    headers: Headers.map(({ Name, Value }) => [Name, decodeWords(Value)]),
    attachments: Attachments.map((file) => ({
      filename: file.FileName,
      contentType: file.ContentType ?? "application/octet-stream",
      contentId: file.ContentId,
      base64: file.RawContent,
    })),
  };
}

function renderTemplate(template: Template, data: string | undefined): Body {
  const { Subject, Text, Html } = template.TemplateContent ?? {};
  if (Text === undefined && Html === undefined) throw new BadRequest("The template has no content.");
  return bodyOf(render(Subject, data) ?? "", render(Text, data), render(Html, data), template);
}

function accepted(
  from: Mailbox,
  destination: Destination,
  replyTo: readonly Mailbox[],
  tags: readonly Entry[],
  configurationSet: string | undefined,
  body: Body,
  nowMs: number,
): AcceptedMessage {
  const metadata = Object.fromEntries(tags.map(({ Name, Value }) => [Name, Value]));
  const { ToAddresses: to, CcAddresses: cc, BccAddresses: bcc } = destination;
  const content = { kind: "email" as const, from, to, cc, bcc, replyTo, ...body };
  return {
    providerMessageId: `0102${nowMs.toString(16).padStart(12, "0")}-${crypto.randomUUID()}-000000`,
    messageId: metadata["carillon_message_id"],
    content,
    metadata,
    tags: [],
    recipients: emailRecipients(content),
    extra: configurationSet === undefined ? undefined : { configurationSet },
  };
}

function readRaw(data: string): ReturnType<typeof readMime> {
  return readMime(new TextDecoder("latin1").decode(fromBase64(data)));
}

function readOne(email: SendEmail, nowMs: number): AcceptedMessage {
  const { Simple, Raw, Template } = email.Content;
  const raw = Raw && readRaw(Raw.Data);
  const from = email.FromEmailAddress ?? raw?.from;
  if (!from) throw new BadRequest("Missing required header 'From'.");
  const destination =
    email.Destination ?? (raw && { ToAddresses: [...raw.to], CcAddresses: [...raw.cc], BccAddresses: [] });
  if (!destination) throw new BadRequest("Missing 'Destination'.");
  const body =
    raw ??
    (Simple
      ? bodyOf(Simple.Subject.Data, Simple.Body.Text?.Data, Simple.Body.Html?.Data, Simple)
      : renderTemplate(Template as Template, Template?.TemplateData));
  const { subject, text, html, headers, attachments } = body;
  const replyTo = raw?.replyTo.length ? raw.replyTo : email.ReplyToAddresses;
  return accepted(
    from,
    destination,
    replyTo,
    email.EmailTags,
    email.ConfigurationSetName,
    { subject, text, html, headers, attachments },
    nowMs,
  );
}

function readEntry(email: SendBulkEmail, entry: BulkEntry, nowMs: number): AcceptedMessage {
  const { Template: template } = email.DefaultContent;
  const replaced = new Set(entry.ReplacementHeaders.map(({ Name }) => Name.toLowerCase()));
  const Headers = [
    ...template.Headers.filter(({ Name }) => !replaced.has(Name.toLowerCase())),
    ...entry.ReplacementHeaders,
  ];
  const data = entry.ReplacementEmailContent?.ReplacementTemplate?.ReplacementTemplateData ?? template.TemplateData;
  const tags = [...email.DefaultEmailTags, ...entry.ReplacementTags];
  const body = renderTemplate({ ...template, Headers }, data);
  return accepted(
    email.FromEmailAddress,
    entry.Destination,
    email.ReplyToAddresses,
    tags,
    email.ConfigurationSetName,
    body,
    nowMs,
  );
}

/** Stored templates: the simulator has none. */
function isStored(template: Template | undefined): boolean {
  return template !== undefined && template.TemplateContent === undefined;
}

function succeed(body: object, messages: readonly AcceptedMessage[]): Handled {
  return { answer: { status: 200, headers: { "x-amzn-requestid": crypto.randomUUID() }, body }, messages };
}

function handleOne({ json, nowMs, bytes }: ApiRequest): Handled {
  const email = read(check(sendEmail, json));
  const { Template } = email.Content;
  if (isStored(Template)) return refuse(404, "NotFoundException", "Template does not exist.");
  if (Template && bytes.length > maxTemplateBytes) throw new BadRequest("The inline template is larger than 1 MB.");
  const message = readOne(email, nowMs);
  return succeed({ MessageId: message.providerMessageId }, [message]);
}

function handleBulk({ json, nowMs, bytes }: ApiRequest): Handled {
  const email = read(check(sendBulkEmail, json));
  if (isStored(email.DefaultContent.Template)) return refuse(404, "NotFoundException", "Template does not exist.");
  if (bytes.length > maxTemplateBytes) throw new BadRequest("The inline template is larger than 1 MB.");
  const messages: AcceptedMessage[] = [];
  const results = email.BulkEmailEntries.map((entry) => {
    try {
      const message = readEntry(email, read(check(bulkEntry, entry)), nowMs);
      messages.push(message);
      return { Status: "SUCCESS", MessageId: message.providerMessageId };
    } catch (problem) {
      if (problem instanceof BadRequest) return { Status: "INVALID_PARAMETER", Error: problem.message };
      throw problem;
    }
  });
  return succeed({ BulkEmailEntryResults: results }, messages);
}

const operations: ReadonlyMap<string, (request: ApiRequest) => Handled> = new Map([
  ["/v2/email/outbound-emails", handleOne],
  ["/v2/email/outbound-bulk-emails", handleBulk],
]);

async function handle(request: ApiRequest): Promise<Handled> {
  if (request.host.startsWith("sns.")) return answerSns(request);
  const operation = operations.get(request.path);
  if (!operation) return refuse(404, "UnknownOperationException", "Unknown operation.");
  const problem = await signatureProblem(request);
  if (problem) return refuse(problem.status, problem.code, problem.message);
  if (request.method !== "POST") return refuse(405, "MethodNotAllowedException", "Unsupported method.");
  if (request.bytes.length > maxBodyBytes) {
    return refuse(400, "BadRequestException", `Message length is more than ${maxBodyBytes} bytes long.`);
  }
  if (request.json === undefined) return refuse(400, "SerializationException", "The request body is no JSON.");
  try {
    return operation(request);
  } catch (caught) {
    if (caught instanceof BadRequest || caught instanceof MimeProblem) {
      return refuse(400, "BadRequestException", caught.message);
    }
    throw caught;
  }
}

/** Amazon SES, API version 2: https://docs.aws.amazon.com/ses/latest/APIReference-V2/. It says to nobody for how long to wait. */
export const route: Route = {
  id: "ses",
  name: "Amazon SES",
  hosts: ["email.*.amazonaws.com", "email.*.amazonaws.com.cn", "sns.*.amazonaws.com"],
  secretHeaders: ["authorization", "x-amz-security-token"],
  secretPath: /(?<=[?&]Token=)[^&]+/,
  handle,
  rateLimited: () => error(429, "TooManyRequestsException", "Too many requests have been made to the operation."),
  unavailable: () => error(503, "ServiceUnavailable", "The service is currently unavailable."),
  webhook,
};
