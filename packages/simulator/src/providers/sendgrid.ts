import * as v from "valibot";
import { simulatorCredentials } from "../credentials.ts";
import { emailRecipients, type AcceptedMessage } from "../message.ts";
import type { Answer, ApiRequest, Handled, Route } from "../route.ts";
import { isBase64, randomBytes, toBase64Url, utf8 } from "../wire/bytes.ts";
import { check, headerName, isHeaderValue, type Problem } from "../wire/check.ts";
import { isAddress } from "../wire/mailbox.ts";
import { webhook } from "./sendgrid/webhook.ts";

// Sources: https://github.com/twilio/sendgrid-oai (spec/yaml/tsg_mail_v3.yaml),
// https://www.twilio.com/docs/sendgrid/api-reference/mail-send/errors.

const { apiKey } = simulatorCredentials.sendgrid;
const maxBodyBytes = 30 * 1024 * 1024;
const maxRecipients = 1000;
const maxSendAheadMs = 72 * 3_600_000;
const reservedHeaders = new Set(
  "x-sg-id x-sg-eid received dkim-signature content-type content-transfer-encoding to from subject reply-to cc bcc".split(
    " ",
  ),
);

const singleLine = v.pipe(v.string(), v.check(isHeaderValue, "The value must not contain line breaks."));
const mailbox = v.strictObject({
  email: v.pipe(v.string(), v.check(isAddress, "Does not contain a valid address.")),
  name: v.optional(singleLine),
});
const mailboxes = v.array(mailbox);
const headers = v.record(
  v.pipe(
    v.string(),
    v.regex(headerName, "The headers object must contain valid field names only."),
    v.check(
      (name) => !reservedHeaders.has(name.toLowerCase()),
      "The headers parameter contains a reserved field name.",
    ),
  ),
  singleLine,
);
const strings = v.record(v.string(), v.string("The value must be a string."));
const sendAt = v.pipe(v.number(), v.integer("The send_at parameter is not a valid unix timestamp."));
const toggle = v.optional(v.strictObject({ enable: v.optional(v.boolean()) }));
const personalization = v.strictObject({
  to: v.pipe(
    mailboxes,
    v.minLength(
      1,
      "The to array is required for all personalization objects, and must have at least one email object with a valid email address.",
    ),
  ),
  cc: v.optional(mailboxes, []),
  bcc: v.optional(mailboxes, []),
  from: v.optional(mailbox),
  subject: v.optional(singleLine),
  headers: v.optional(headers, {}),
  substitutions: v.optional(strings, {}),
  dynamic_template_data: v.optional(v.record(v.string(), v.unknown())),
  custom_args: v.optional(strings, {}),
  send_at: v.optional(sendAt),
});
const category = v.pipe(v.string(), v.maxLength(255, "A category must have at most 255 characters."));
const mail = v.strictObject({
  personalizations: v.pipe(
    v.array(personalization),
    v.minLength(1, "The personalizations field is required and must have at least one personalization."),
    v.maxLength(1000, "At most 1000 personalizations are allowed."),
  ),
  from: mailbox,
  reply_to: v.optional(mailbox),
  reply_to_list: v.optional(v.pipe(mailboxes, v.maxLength(1000, "At most 1000 reply addresses are allowed."))),
  subject: v.optional(singleLine),
  content: v.optional(
    v.array(
      v.strictObject({
        type: v.pipe(v.string(), v.minLength(1, "The content type is required.")),
        value: v.pipe(
          v.string(),
          v.minLength(1, "The content value must be a string at least one character in length."),
        ),
      }),
    ),
  ),
  attachments: v.optional(
    v.array(
      v.strictObject({
        content: v.pipe(v.string(), v.check(isBase64, "The attachment content must be base64 encoded.")),
        filename: v.pipe(singleLine, v.minLength(1, "The attachment filename is required.")),
        type: v.optional(
          v.pipe(v.string(), v.regex(/^[^\s;]+$/, "The attachment type must not contain ';' or line breaks.")),
        ),
        disposition: v.optional(v.picklist(["attachment", "inline"])),
        content_id: v.optional(singleLine),
      }),
    ),
    [],
  ),
  template_id: v.optional(v.string()),
  headers: v.optional(headers, {}),
  categories: v.optional(v.pipe(v.array(category), v.maxLength(10, "A message can have at most 10 categories.")), []),
  custom_args: v.optional(strings, {}),
  send_at: v.optional(sendAt),
  batch_id: v.optional(v.string()),
  asm: v.optional(
    v.strictObject({
      group_id: v.pipe(v.number(), v.integer()),
      groups_to_display: v.optional(v.pipe(v.array(v.number()), v.maxLength(25))),
    }),
  ),
  ip_pool_name: v.optional(v.pipe(v.string(), v.minLength(2), v.maxLength(64))),
  mail_settings: v.optional(
    v.strictObject({
      sandbox_mode: toggle,
      bypass_list_management: toggle,
      bypass_spam_management: toggle,
      bypass_bounce_management: toggle,
      bypass_unsubscribe_management: toggle,
      footer: v.optional(
        v.strictObject({ enable: v.optional(v.boolean()), text: v.optional(v.string()), html: v.optional(v.string()) }),
      ),
    }),
  ),
  tracking_settings: v.optional(
    v.strictObject({
      click_tracking: v.optional(
        v.strictObject({ enable: v.optional(v.boolean()), enable_text: v.optional(v.boolean()) }),
      ),
      open_tracking: v.optional(
        v.strictObject({ enable: v.optional(v.boolean()), substitution_tag: v.optional(v.string()) }),
      ),
      subscription_tracking: v.optional(
        v.strictObject({
          enable: v.optional(v.boolean()),
          text: v.optional(v.string()),
          html: v.optional(v.string()),
          substitution_tag: v.optional(v.string()),
        }),
      ),
      ganalytics: v.optional(v.record(v.string(), v.union([v.string(), v.boolean()]))),
    }),
  ),
});
type Mail = v.InferOutput<typeof mail>;

interface ApiError {
  readonly message: string;
  readonly field: string | null;
  readonly help: null;
}

function refuse(status: number, errors: readonly ApiError[]): Handled {
  return { answer: { status, body: { errors } }, messages: [] };
}

function error(message: string, field: string | null = null): ApiError {
  return { message, field, help: null };
}

function problemError({ kind, path, text }: Problem): ApiError {
  const field = path === "" ? null : path;
  if (kind === "missing") return error(`The ${path} parameter is required.`, field);
  if (kind === "unknown") return error("Bad Request: unknown field.", field);
  return error(kind === "type" ? `The value has the wrong type: ${text}.` : text, field);
}

/** Rules that span fields. */
function ruleErrors(input: Mail, nowMs: number): ApiError[] {
  const errors: ApiError[] = [];
  let total = 0;
  for (const [index, part] of input.personalizations.entries()) {
    const at = `personalizations.${index}`;
    const addresses = [...part.to, ...part.cc, ...part.bcc].map((entry) => entry.email.toLowerCase());
    total += addresses.length;
    if (new Set(addresses).size < addresses.length) {
      errors.push(
        error("Each email address in the personalization block should be unique between to, cc, and bcc.", at),
      );
    }
    if (!(part.subject ?? input.subject) && input.template_id === undefined) {
      errors.push(
        error(
          "The subject is required. You can get around this requirement if you use a template with a subject defined.",
          "subject",
        ),
      );
    }
    if (utf8(JSON.stringify(part.substitutions)).length > 10_000) {
      errors.push(error("The substitutions must be at most 10000 bytes.", `${at}.substitutions`));
    }
    if (utf8(JSON.stringify({ ...input.custom_args, ...part.custom_args })).length >= 10_000) {
      errors.push(error("The custom_args must be less than 10000 bytes.", `${at}.custom_args`));
    }
    const dueMs = (part.send_at ?? input.send_at ?? 0) * 1000;
    if (dueMs > nowMs + maxSendAheadMs)
      errors.push(error("The send_at parameter must be at most 72 hours ahead.", "send_at"));
  }
  if (total > maxRecipients)
    errors.push(error("The total number of recipients must be no more than 1000.", "personalizations"));
  if (input.reply_to && input.reply_to_list) {
    errors.push(error("Only one of reply_to and reply_to_list may be present.", "reply_to"));
  }
  const types = input.content?.map((part) => part.type);
  if (!types?.length && input.template_id === undefined) {
    errors.push(error("Unless a valid template_id is provided, the content parameter is required.", "content"));
  }
  if (
    types &&
    (new Set(types).size < types.length || types.indexOf("text/plain") > 0 || types.indexOf("text/html") > 1)
  ) {
    errors.push(
      error("If present, text/plain must be first, followed by text/html, followed by any other content.", "content"),
    );
  }
  return errors;
}

function accepted(input: Mail, part: Mail["personalizations"][number], requestId: string): AcceptedMessage {
  const metadata = { ...input.custom_args, ...part.custom_args };
  const sendAtSeconds = part.send_at ?? input.send_at;
  const content = {
    kind: "email" as const,
    from: part.from ?? input.from,
    to: part.to,
    cc: part.cc,
    bcc: part.bcc,
    replyTo: input.reply_to_list ?? (input.reply_to ? [input.reply_to] : []),
    subject: part.subject ?? input.subject ?? "",
    html: input.content?.find((entry) => entry.type === "text/html")?.value,
    text: input.content?.find((entry) => entry.type === "text/plain")?.value,
    headers: Object.entries({ ...input.headers, ...part.headers }),
    attachments: input.attachments.map((file) => ({
      filename: file.filename,
      contentType: file.type ?? "application/octet-stream",
      contentId: file.content_id?.replace(/^<|>$/g, ""),
      base64: file.content,
    })),
  };
  return {
    providerMessageId: requestId,
    messageId: metadata["carillon_message_id"],
    content,
    metadata,
    tags: input.categories,
    recipients: emailRecipients(content),
    sendAtMs: sendAtSeconds === undefined ? undefined : sendAtSeconds * 1000,
  };
}

function handle(request: ApiRequest): Handled {
  const authorization = request.headers.get("authorization");
  if (!authorization) return refuse(401, [error("Permission denied, wrong credentials")]);
  if (authorization !== `Bearer ${apiKey}`) {
    return refuse(401, [error("The provided authorization grant is invalid, expired, or revoked")]);
  }
  if (request.path !== "/v3/mail/send") return refuse(404, [error("Not Found")]);
  if (request.method !== "POST") return refuse(405, [error("method not allowed")]);
  if (!request.headers.get("content-type")?.toLowerCase().startsWith("application/json")) {
    return refuse(415, [error("Content-Type should be application/json.")]);
  }
  if (utf8(request.body).length > maxBodyBytes) return refuse(413, [error("The request body is too large.")]);
  if (request.json === undefined) return refuse(400, [error("Bad Request")]);
  const checked = check(mail, request.json);
  if (!checked.ok) return refuse(400, checked.problems.map(problemError));
  const errors = ruleErrors(checked.value, request.nowMs);
  if (errors.length > 0) return refuse(400, errors);
  if (checked.value.mail_settings?.sandbox_mode?.enable) return { answer: { status: 200 }, messages: [] };
  const requestId = toBase64Url(randomBytes(16));
  return {
    answer: { status: 202, headers: { "x-message-id": requestId } },
    messages: checked.value.personalizations.map((part) => accepted(checked.value, part, requestId)),
  };
}

const down: Answer = { status: 503, body: { errors: [error("The service is temporarily unavailable.")] } };

/** SendGrid, v3 Mail Send: https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send. */
export const route: Route = {
  id: "sendgrid",
  name: "SendGrid",
  hosts: ["api.sendgrid.com", "api.eu.sendgrid.com"],
  secretHeaders: ["authorization"],
  handle,
  rateLimited: (seconds) => ({
    status: 429,
    headers: { "retry-after": String(seconds), "x-ratelimit-limit": "10000", "x-ratelimit-remaining": "0" },
    body: { errors: [error("too many requests")] },
  }),
  unavailable: () => down,
  webhook,
};
