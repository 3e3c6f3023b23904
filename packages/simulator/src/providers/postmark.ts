import * as v from "valibot";
import { simulatorCredentials } from "../credentials.ts";
import { emailRecipients, type AcceptedMessage, type Mailbox } from "../message.ts";
import { outcomeOf } from "../outcome.ts";
import type { Answer, ApiRequest, Handled, Route } from "../route.ts";
import { isBase64, utf8 } from "../wire/bytes.ts";
import { check, headerName, isHeaderValue, type Problem } from "../wire/check.ts";
import { parseMailbox, parseMailboxList } from "../wire/mailbox.ts";
import { webhook } from "./postmark/webhook.ts";

// Sources: https://postmarkapp.com/developer/api/overview, /developer/api/email-api,
// npm postmark (dist/client/models, errors), https://postmarkapp.com/support/article/1056-what-are-the-attachment-and-email-size-limits.

const { serverToken } = simulatorCredentials.postmark;
/** Postmark's own: validates, answers as if sent, sends nothing. */
const testToken = "POSTMARK_API_TEST";
const maxMessageBytes = 10 * 1024 * 1024;
const maxBatchBytes = 50 * 1024 * 1024;
const maxBatch = 500;
const maxRecipients = 50;
const maxBodyBytes = 5 * 1024 * 1024;
const forbiddenFiles =
  /\.(vbs|exe|bin|bat|chm|com|cpl|crt|hlp|hta|inf|ins|isp|jse?|lnk|mdb|ms[cipt]|pcd|pif|reg|scr|sct|shs|vb|ws[cfh]?)$/i;

const mailboxText = v.pipe(
  v.string(),
  v.check((text) => parseMailbox(text) !== undefined, "Error parsing: the address is not valid."),
  v.transform((text) => parseMailbox(text) as Mailbox),
);
const mailboxes = v.pipe(
  v.string(),
  v.check((text) => parseMailboxList(text) !== undefined, "Error parsing: an address is not valid."),
  v.transform((text) => parseMailboxList(text) as Mailbox[]),
);
const singleLine = v.pipe(v.string(), v.check(isHeaderValue, "Line breaks are not allowed."));
const bodyText = v.optional(
  v.pipe(
    v.string(),
    v.check((text) => utf8(text).length <= maxBodyBytes, "The body exceeds 5 MB."),
  ),
);
const message = v.strictObject({
  From: mailboxText,
  To: v.optional(mailboxes, ""),
  Cc: v.optional(mailboxes, ""),
  Bcc: v.optional(mailboxes, ""),
  ReplyTo: v.optional(mailboxes, ""),
  Subject: v.optional(singleLine, ""),
  Tag: v.optional(v.pipe(v.string(), v.maxLength(1000, "The tag exceeds 1000 characters."))),
  HtmlBody: bodyText,
  TextBody: bodyText,
  MessageStream: v.optional(
    v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9-]{0,29}$/, "The stream provided does not exist on this server.")),
    "outbound",
  ),
  TrackOpens: v.optional(v.boolean()),
  TrackLinks: v.optional(v.picklist(["None", "HtmlAndText", "HtmlOnly", "TextOnly"])),
  Headers: v.optional(
    v.array(
      v.strictObject({
        Name: v.pipe(v.string(), v.regex(headerName, "A header name is not valid.")),
        Value: singleLine,
      }),
    ),
    [],
  ),
  Attachments: v.optional(
    v.array(
      v.strictObject({
        Name: v.pipe(singleLine, v.minLength(1, "An attachment needs a name.")),
        Content: v.pipe(v.string(), v.check(isBase64, "An attachment's content must be base64.")),
        ContentType: v.pipe(singleLine, v.minLength(1, "An attachment needs a content type.")),
        ContentID: v.optional(v.nullable(singleLine)),
        Disposition: v.optional(v.string()),
      }),
    ),
    [],
  ),
  Metadata: v.optional(v.record(v.string(), v.string()), {}),
});
type Message = v.InferOutput<typeof message>;

interface ApiError {
  readonly ErrorCode: number;
  readonly Message: string;
}

function refuse(status: number, errorCode: number, text: string): Handled {
  return { answer: { status, body: { ErrorCode: errorCode, Message: text } satisfies ApiError }, messages: [] };
}

function problemError(problem: Problem): ApiError {
  const field = problem.path;
  if (field === "MessageStream" && problem.kind === "rule") return { ErrorCode: 1235, Message: problem.text };
  if (problem.kind === "missing" && field === "From") return { ErrorCode: 300, Message: "Invalid 'From' address: ''." };
  if (problem.kind === "rule") return { ErrorCode: 300, Message: `Invalid '${field}'. ${problem.text}` };
  const why = problem.kind === "unknown" ? `'${field}' is not a known field` : `'${field}' ${problem.text}`;
  return { ErrorCode: 403, Message: `The JSON input is not compatible with what the endpoint expects: ${why}.` };
}

const isInactive = (address: string): boolean => outcomeOf(address.toLowerCase())[0] === "suppressed";

type ItemResult = {
  readonly answer: ApiError | (ApiError & Record<string, unknown>);
  readonly accepted?: AcceptedMessage;
};

function handleItem(json: unknown, nowMs: number): ItemResult {
  const checked = check(message, json);
  if (!checked.ok) return { answer: problemError(checked.problems[0] as Problem) };
  const input = checked.value;
  const everyone = [...input.To, ...input.Cc, ...input.Bcc].map((entry) => entry.email);
  if (everyone.length === 0) return { answer: { ErrorCode: 300, Message: "Zero recipients specified." } };
  if (everyone.length > maxRecipients)
    return { answer: { ErrorCode: 300, Message: "The message has more than 50 recipients." } };
  if (!input.HtmlBody && !input.TextBody) {
    return { answer: { ErrorCode: 300, Message: "Provide either email TextBody or HtmlBody or both." } };
  }
  if (utf8(JSON.stringify(json)).length > maxMessageBytes)
    return { answer: { ErrorCode: 300, Message: "The message exceeds 10 MB." } };
  const forbidden = input.Attachments.find((file) => forbiddenFiles.test(file.Name));
  if (forbidden)
    return { answer: { ErrorCode: 411, Message: "You attempted to send an attachment of a forbidden file type." } };
  const inactive = everyone.filter(isInactive);
  if (inactive.length === everyone.length) {
    const list = inactive.join(", ");
    return {
      answer: {
        ErrorCode: 406,
        Message: `You tried to send to recipient(s) that have been marked as inactive. Found inactive addresses: ${list}. Inactive recipients are ones that have generated a hard bounce, a spam complaint, or a manual suppression.`,
      },
    };
  }
  const accepted = acceptedMessage(input);
  const note =
    inactive.length === 0
      ? "OK"
      : `Message OK, but will not deliver to these inactive addresses: ${inactive.join(", ")}.`;
  return {
    accepted,
    answer: {
      To: input.To.map((entry) => entry.email).join(", "),
      SubmittedAt: new Date(nowMs).toISOString(),
      MessageID: accepted.providerMessageId,
      ErrorCode: 0,
      Message: note,
    },
  };
}

function acceptedMessage(input: Message): AcceptedMessage {
  const content = {
    kind: "email" as const,
    from: input.From,
    to: input.To,
    cc: input.Cc,
    bcc: input.Bcc,
    replyTo: input.ReplyTo,
    subject: input.Subject,
    html: input.HtmlBody,
    text: input.TextBody,
    headers: input.Headers.map(({ Name, Value }) => [Name, Value] as const),
    attachments: input.Attachments.map((file) => ({
      filename: file.Name,
      contentType: file.ContentType,
      contentId: file.ContentID?.replace(/^cid:/, ""),
      base64: file.Content,
    })),
  };
  return {
    providerMessageId: crypto.randomUUID(),
    messageId: input.Metadata["carillon_message_id"],
    content,
    metadata: input.Metadata,
    tags: input.Tag === undefined ? [] : [input.Tag],
    recipients: emailRecipients(content).filter((address) => !isInactive(address)),
    extra: { stream: input.MessageStream },
  };
}

function handle(request: ApiRequest): Handled {
  const token = request.headers.get("x-postmark-server-token");
  if (token === null) {
    return refuse(401, 10, "No Account or Server API tokens were supplied in the HTTP headers.");
  }
  if (token !== serverToken && token !== testToken)
    return refuse(401, 10, "Request does not contain a valid Server token.");
  const batch = request.path === "/email/batch";
  if (!batch && request.path !== "/email") return refuse(404, 404, "The requested resource was not found.");
  if (request.method !== "POST") return refuse(405, 405, "The requested resource does not support the HTTP method.");
  const accepts = request.headers.get("accept") ?? "*/*";
  const sends = request.headers.get("content-type") ?? "";
  if (!/application\/json|\*\/\*/i.test(accepts) || !/^application\/json/i.test(sends)) {
    return refuse(422, 409, "Requests must have 'Accept' and 'Content-Type' headers of 'application/json'.");
  }
  if (utf8(request.body).length > (batch ? maxBatchBytes : maxMessageBytes))
    return refuse(413, 413, "The request is too large.");
  if (request.json === undefined) return refuse(422, 402, "The JSON input is not valid.");
  const handled = batch ? handleBatch(request) : handleOne(request);
  return token === testToken ? { ...handled, messages: [] } : handled;
}

function handleOne(request: ApiRequest): Handled {
  const { answer, accepted } = handleItem(request.json, request.nowMs);
  return accepted
    ? { answer: { status: 200, body: answer }, messages: [accepted] }
    : { answer: { status: 422, body: answer }, messages: [] };
}

function handleBatch(request: ApiRequest): Handled {
  if (!Array.isArray(request.json))
    return refuse(422, 403, "The JSON input is not compatible with what the endpoint expects.");
  if (request.json.length > maxBatch) return refuse(422, 410, "A batch holds at most 500 messages.");
  const results = request.json.map((item: unknown) => handleItem(item, request.nowMs));
  return {
    answer: { status: 200, body: results.map((result) => result.answer) },
    messages: results.flatMap((result) => result.accepted ?? []),
  };
}

const down: Answer = {
  status: 503,
  body: { ErrorCode: 100, Message: "The Postmark API is offline for maintenance." } satisfies ApiError,
};

/** Postmark: https://postmarkapp.com/developer/api/email-api. */
export const route: Route = {
  id: "postmark",
  name: "Postmark",
  hosts: ["api.postmarkapp.com"],
  secretHeaders: ["x-postmark-server-token"],
  handle,
  rateLimited: (seconds) => ({
    status: 429,
    headers: { "retry-after": String(seconds) },
    body: { ErrorCode: 429, Message: "Rate limit exceeded." } satisfies ApiError,
  }),
  unavailable: () => down,
  webhook,
};
