import * as v from "valibot";
import { simulatorCredentials } from "../credentials.ts";
import { emailRecipients, type AcceptedMessage, type Mailbox } from "../message.ts";
import type { Answer, ApiRequest, Handled, Route } from "../route.ts";
import { isBase64, utf8 } from "../wire/bytes.ts";
import { check, headerName, isHeaderValue, type Problem } from "../wire/check.ts";
import { parseMailbox } from "../wire/mailbox.ts";
import { webhook } from "./resend/webhook.ts";

// Sources: https://github.com/resend/resend-openapi (resend.yaml), https://resend.com/docs/api-reference/errors,
// https://resend.com/docs/dashboard/emails/idempotency-keys.
// Unlike Resend, the simulator takes recipients at example.com, and knows no sending domains.

const { apiKey } = simulatorCredentials.resend;
const maxBodyBytes = 40 * 1024 * 1024;
const idempotencyWindowMs = 24 * 3_600_000;

const mailbox = v.pipe(
  v.string(),
  v.transform(parseMailbox),
  v.check(
    (parsed) => parsed !== undefined,
    "The email address needs to follow the `email@example.com` or `Name <email@example.com>` format.",
  ),
  v.transform((parsed) => parsed as Mailbox),
);
const mailboxes = v.pipe(
  v.union([v.string(), v.array(v.string())]),
  v.transform((value) => (typeof value === "string" ? [value] : value)),
  v.array(mailbox),
);
const tagText = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9_-]{1,256}$/, "Tags should only contain ASCII letters, numbers, underscores, or dashes."),
);
const timestamp = v.pipe(
  v.string(),
  v.check(
    (text) => /^\d{4}-\d\d-\d\d[T ]/.test(text) && !Number.isNaN(Date.parse(text)),
    "The `scheduled_at` field must be an ISO 8601 date.",
  ),
);
const entries = {
  from: mailbox,
  to: v.pipe(
    mailboxes,
    v.minLength(1, "At least one recipient is required."),
    v.maxLength(50, "The `to` field must have at most 50 recipients."),
  ),
  cc: v.optional(mailboxes, []),
  bcc: v.optional(mailboxes, []),
  reply_to: v.optional(mailboxes, []),
  subject: v.pipe(v.string(), v.check(isHeaderValue, "The `\\n` is not allowed in the `subject` field.")),
  html: v.optional(v.string()),
  text: v.optional(v.string()),
  headers: v.optional(
    v.record(
      v.pipe(v.string(), v.regex(headerName, "Header names must be valid field names.")),
      v.pipe(v.string(), v.check(isHeaderValue, "Header values must not contain line breaks.")),
    ),
    {},
  ),
  tags: v.optional(v.array(v.strictObject({ name: tagText, value: tagText })), []),
  topic_id: v.optional(v.string()),
  template: v.optional(v.strictObject({ id: v.string(), variables: v.optional(v.record(v.string(), v.unknown())) })),
};
const attachment = v.pipe(
  v.strictObject({
    content: v.optional(v.pipe(v.string(), v.check(isBase64, "The attachment content must be base64."))),
    path: v.optional(v.pipe(v.string(), v.url("The attachment path must be a URL."))),
    filename: v.optional(
      v.pipe(v.string(), v.check(isHeaderValue, "The attachment filename must not contain line breaks.")),
    ),
    content_type: v.optional(v.string()),
    content_id: v.optional(v.pipe(v.string(), v.maxLength(127, "The content id is too long."))),
  }),
  v.check(
    (file) => (file.content === undefined) !== (file.path === undefined),
    "An attachment needs `content` or `path`.",
  ),
  v.check(
    (file) => file.filename !== undefined || file.path !== undefined,
    "An attachment with `content` needs a `filename`.",
  ),
);
const email = v.strictObject({
  ...entries,
  attachments: v.optional(v.array(attachment), []),
  scheduled_at: v.optional(timestamp),
});
/** In a batch these two are taken and silently left out, as Resend does. */
const batchEmail = v.strictObject({
  ...entries,
  attachments: v.optional(v.unknown()),
  scheduled_at: v.optional(v.unknown()),
});
type Email = v.InferOutput<typeof email>;
type BatchEmail = v.InferOutput<typeof batchEmail>;

/** A template brings the content; otherwise `html` or `text` must. */
function contentProblem(input: Pick<Email, "html" | "text" | "template">): Problem | undefined {
  const hasContent = input.html !== undefined || input.text !== undefined;
  if (hasContent !== (input.template !== undefined)) return undefined;
  return hasContent
    ? { path: "template", kind: "rule", text: "A template leaves no room for `html` and `text`." }
    : { path: "html` or `text", kind: "missing", text: "" };
}

function read<T extends Email | BatchEmail>(
  schema: v.GenericSchema<unknown, T>,
  json: unknown,
): { readonly value: T } | { readonly problem: Problem } {
  const checked = check(schema, json);
  if (!checked.ok) return { problem: checked.problems[0] as Problem };
  const problem = contentProblem(checked.value);
  return problem ? { problem } : { value: checked.value };
}

function refuse(statusCode: number, name: string, message: string, headers?: Record<string, string>): Handled {
  return { answer: { status: statusCode, headers, body: { statusCode, name, message } }, messages: [] };
}

function refuseProblem(problem: Problem): Handled {
  const { name, message } = describe(problem);
  return refuse(422, name, message);
}

function describe(problem: Problem): { name: string; message: string } {
  const field = problem.path;
  if (problem.kind === "missing") return { name: "missing_required_field", message: `Missing \`${field}\` field.` };
  if (problem.kind === "unknown") return { name: "validation_error", message: `Unrecognized field \`${field}\`.` };
  const message = field === "" ? problem.text : `Invalid \`${field}\` field. ${problem.text}`;
  if (/^(\d+\.)?attachments\b/.test(field)) return { name: "invalid_attachment", message };
  return { name: /^(\d+\.)?from$/.test(field) ? "invalid_from_address" : "validation_error", message };
}

function accepted(
  input: Omit<Email, "attachments" | "scheduled_at"> & Partial<Pick<Email, "attachments" | "scheduled_at">>,
): AcceptedMessage {
  const metadata = Object.fromEntries(input.tags.map((tag) => [tag.name, tag.value]));
  const content = {
    kind: "email" as const,
    from: input.from,
    to: input.to,
    cc: input.cc,
    bcc: input.bcc,
    replyTo: input.reply_to,
    subject: input.subject,
    html: input.html,
    text: input.text,
    headers: Object.entries(input.headers),
    attachments: (input.attachments ?? []).map((file) => ({
      filename: file.filename ?? file.path?.split("/").at(-1) ?? "attachment",
      contentType: file.content_type ?? "application/octet-stream",
      contentId: file.content_id?.replace(/^<|>$/g, ""),
      base64: file.content ?? "",
    })),
  };
  return {
    providerMessageId: crypto.randomUUID(),
    messageId: metadata["carillon_message_id"],
    content,
    metadata,
    tags: [],
    recipients: emailRecipients(content),
    sendAtMs: input.scheduled_at === undefined ? undefined : Date.parse(input.scheduled_at),
  };
}

function handle(request: ApiRequest): Handled {
  const authorization = request.headers.get("authorization");
  if (!authorization?.startsWith("Bearer "))
    return refuse(401, "missing_api_key", "Missing API key in the authorization header.");
  if (authorization.slice(7) !== apiKey) return refuse(403, "invalid_api_key", "API key is invalid");
  const batch = request.path === "/emails/batch";
  if (!batch && request.path !== "/emails") return refuse(404, "not_found", "The requested endpoint does not exist.");
  if (request.method !== "POST")
    return refuse(405, "method_not_allowed", "Method is not allowed for the requested path.");
  if (utf8(request.body).length > maxBodyBytes) return refuse(422, "validation_error", "The email exceeds 40 MB.");
  const idempotencyKey = request.headers.get("idempotency-key") ?? undefined;
  if (idempotencyKey !== undefined && (idempotencyKey.length < 1 || idempotencyKey.length > 256)) {
    return refuse(400, "invalid_idempotency_key", "The idempotency key must be between 1-256 characters.");
  }
  if (request.json === undefined) return refuse(400, "validation_error", "The request body is not valid JSON.");
  return { ...(batch ? handleBatch(request) : handleOne(request.json)), idempotencyKey };
}

function handleOne(json: unknown): Handled {
  const checked = read(email, json);
  if ("problem" in checked) return refuseProblem(checked.problem);
  const message = accepted(checked.value);
  return { answer: { status: 200, body: { id: message.providerMessageId } }, messages: [message] };
}

function handleBatch(request: ApiRequest): Handled {
  if (!Array.isArray(request.json)) return refuse(422, "validation_error", "The batch must be an array of emails.");
  const items: readonly unknown[] = request.json;
  if (items.length < 1 || items.length > 100) return refuse(422, "validation_error", "A batch holds 1 to 100 emails.");
  const validation = request.headers.get("x-batch-validation") ?? "strict";
  if (validation !== "strict" && validation !== "permissive") {
    return refuse(422, "validation_error", "The `x-batch-validation` header must be `strict` or `permissive`.");
  }
  const messages: AcceptedMessage[] = [];
  const errors: { index: number; message: string }[] = [];
  for (const [index, item] of items.entries()) {
    const checked = read(batchEmail, item);
    if ("value" in checked) {
      const { attachments: _attachments, scheduled_at: _scheduledAt, ...rest } = checked.value;
      messages.push(accepted(rest));
    } else {
      const { problem } = checked;
      if (validation === "strict")
        return refuseProblem({ ...problem, path: `${index}${problem.path && "."}${problem.path}` });
      errors.push({ index, message: describe(problem).message });
    }
  }
  const data = messages.map((message) => ({ id: message.providerMessageId }));
  return { answer: { status: 200, body: validation === "permissive" ? { data, errors } : { data } }, messages };
}

const down: Answer = {
  status: 503,
  body: { statusCode: 503, name: "internal_server_error", message: "An unexpected error occurred." },
};

/** Resend: https://resend.com/docs/api-reference. */
export const route: Route = {
  id: "resend",
  name: "Resend",
  hosts: ["api.resend.com"],
  secretHeaders: ["authorization"],
  handle,
  // https://resend.com/docs/api-reference/introduction: two requests a second for each team.
  rate: { limit: 2, windowMs: 1_000, of: () => "team" },
  rateLimited: (seconds) =>
    refuse(429, "rate_limit_exceeded", "Too many requests. You can only make 2 requests per second.", {
      "retry-after": String(seconds),
      "ratelimit-limit": "2",
      "ratelimit-remaining": "0",
      "ratelimit-reset": String(seconds),
    }).answer,
  unavailable: () => down,
  idempotency: {
    rememberedForMs: idempotencyWindowMs,
    mismatch: () =>
      refuse(409, "invalid_idempotent_request", "Same idempotency key used with a different request payload.").answer,
    concurrent: () =>
      refuse(
        409,
        "concurrent_idempotent_requests",
        "Same idempotency key used while original request is still in progress.",
      ).answer,
  },
  webhook,
};
