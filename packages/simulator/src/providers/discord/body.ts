import * as v from "valibot";
import type { ApiRequest } from "../../route.ts";
import { check } from "../../wire/check.ts";
import { readForm } from "../../wire/form.ts";
import { parseJson } from "../../wire/json.ts";
import { formErrorOf, refuse, refuseForm, ruleText } from "./errors.ts";
import type { Handled } from "../../route.ts";

// https://docs.discord.com/developers/resources/webhook#execute-webhook, https://docs.discord.com/developers/resources/message.

function lengthOf(text: string): number {
  return Array.from(text).length;
}

/** Text of so many characters, after white space at its ends is taken off. */
function text(min: number, max: number): v.GenericSchema<string> {
  return v.pipe(
    v.string(),
    v.check((value) => min === 0 || value.trim() !== "", ruleText("BASE_TYPE_REQUIRED", "This field is required")),
    v.check(
      (value) => lengthOf(value.trim()) <= max,
      ruleText("BASE_TYPE_MAX_LENGTH", `Must be ${max} or fewer in length.`),
    ),
  );
}

function maybe<T>(schema: v.GenericSchema<unknown, T>): v.GenericSchema<unknown, T | null | undefined> {
  return v.optional(v.nullable(schema));
}

function atMost<T>(schema: v.GenericSchema<unknown, T>, max: number): v.GenericSchema<unknown, T[]> {
  return v.pipe(
    v.array(schema),
    v.maxLength(max, ruleText("BASE_TYPE_MAX_LENGTH", `Must be ${max} or fewer in length.`)),
  );
}

const snowflake = v.pipe(v.string(), v.regex(/^\d{17,20}$/, ruleText("NUMBER_TYPE_COERCE", "Value is not snowflake.")));

function url(schemes: string): v.GenericSchema<string> {
  const pattern = new RegExp(`^(${schemes})://[^\\s]+$`);
  return v.pipe(v.string(), v.regex(pattern, ruleText("URL_TYPE_INVALID_URL", "Not a well formed URL.")));
}

const webUrl = url("https?");
const imageUrl = url("https?|attachment");
const image = v.optional(v.strictObject({ url: imageUrl }));

export interface Embed {
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  readonly footer?: { readonly text: string } | undefined;
  readonly author?: { readonly name: string } | undefined;
  readonly fields?: readonly { readonly name: string; readonly value: string }[] | undefined;
  readonly [other: string]: unknown;
}

const embed: v.GenericSchema<unknown, Embed> = v.strictObject({
  title: v.optional(text(0, 256)),
  description: v.optional(text(0, 4096)),
  url: v.optional(webUrl),
  timestamp: v.optional(
    v.pipe(
      v.string(),
      v.check((value) => !Number.isNaN(Date.parse(value)), ruleText("DATE_TIME_TYPE_PARSE", "Could not parse.")),
    ),
  ),
  color: v.optional(
    v.pipe(
      v.number(),
      v.integer(ruleText("NUMBER_TYPE_COERCE", "Value is not int.")),
      v.minValue(0, ruleText("NUMBER_TYPE_MIN", "int value should be greater than or equal to 0.")),
      v.maxValue(0xffffff, ruleText("NUMBER_TYPE_MAX", "int value should be less than or equal to 16777215.")),
    ),
  ),
  footer: v.optional(v.strictObject({ text: text(1, 2048), icon_url: v.optional(imageUrl) })),
  image,
  thumbnail: image,
  author: v.optional(v.strictObject({ name: text(1, 256), url: v.optional(webUrl), icon_url: v.optional(imageUrl) })),
  fields: v.optional(
    atMost(v.strictObject({ name: text(1, 256), value: text(1, 1024), inline: v.optional(v.boolean()) }), 25),
  ),
});

const ids = v.optional(atMost(snowflake, 100));

const allowedMentions = v.pipe(
  v.strictObject({
    parse: v.optional(v.array(v.picklist(["users", "roles", "everyone"]))),
    users: ids,
    roles: ids,
    replied_user: v.optional(v.boolean()),
  }),
  v.check(
    ({ parse = [], users = [], roles = [] }) =>
      !(parse.includes("users") && users.length > 0) && !(parse.includes("roles") && roles.length > 0),
    ruleText("MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", "parse and a list of ids are mutually exclusive."),
  ),
);

/** `SUPPRESS_EMBEDS`, `SUPPRESS_NOTIFICATIONS`, `IS_COMPONENTS_V2`. */
const settableFlags = (1 << 2) | (1 << 12) | (1 << 15);
export const componentsV2Flag: number = 1 << 15;

const shared = {
  content: maybe(text(0, 2000)),
  embeds: maybe(atMost(embed, 10)),
  allowed_mentions: maybe(allowedMentions),
  components: maybe(v.array(v.looseObject({ type: v.number() }))),
  attachments: maybe(
    v.array(
      v.strictObject({
        id: v.union([v.number(), snowflake]),
        filename: v.optional(v.string()),
        title: v.optional(v.string()),
        description: v.optional(text(0, 1024)),
        is_spoiler: v.optional(v.boolean()),
      }),
    ),
  ),
  flags: maybe(
    v.pipe(
      v.number(),
      v.integer(ruleText("NUMBER_TYPE_COERCE", "Value is not int.")),
      v.check((flags) => (flags & ~settableFlags) === 0, ruleText("FLAGS_INVALID", "A flag cannot be set.")),
    ),
  ),
};

/** The webhook's name for one message. */
const username = v.pipe(
  v.string(),
  v.check(
    (name) => lengthOf(name.trim()) >= 1 && lengthOf(name.trim()) <= 80,
    ruleText("BASE_TYPE_BAD_LENGTH", "Must be between 1 and 80 in length."),
  ),
  v.check((name) => !/clyde/i.test(name), ruleText("USERNAME_INVALID_CONTAINS", 'Username cannot contain "clyde"')),
  v.check((name) => !/discord/i.test(name), ruleText("USERNAME_INVALID_CONTAINS", 'Username cannot contain "discord"')),
);

/** Null is as good as nothing, and in an edit takes away what was there. */
export interface EditBody {
  readonly content?: string | null | undefined;
  readonly embeds?: readonly Embed[] | null | undefined;
  readonly components?: readonly { readonly type: number }[] | null | undefined;
  readonly attachments?: readonly { readonly id: number | string }[] | null | undefined;
  readonly flags?: number | null | undefined;
}

export interface ExecuteBody extends EditBody {
  readonly username?: string | null | undefined;
  readonly avatar_url?: string | null | undefined;
  readonly tts?: boolean | undefined;
  readonly thread_name?: string | undefined;
  readonly applied_tags?: readonly string[] | undefined;
}

export interface ModifyBody {
  readonly name?: string | undefined;
  readonly avatar?: string | null | undefined;
}

export const executeBody: v.GenericSchema<unknown, ExecuteBody> = v.strictObject({
  ...shared,
  username: maybe(username),
  avatar_url: maybe(webUrl),
  tts: v.optional(v.boolean()),
  thread_name: v.optional(text(1, 100)),
  applied_tags: v.optional(atMost(snowflake, 5)),
});

export const editBody: v.GenericSchema<unknown, EditBody> = v.strictObject(shared);

/** Of the webhook itself. */
export const modifyBody: v.GenericSchema<unknown, ModifyBody> = v.strictObject({
  name: v.optional(username),
  avatar: v.optional(v.nullable(v.string())),
});

export interface SentFile {
  /** The `n` of `files[n]`. */
  readonly index: number;
  readonly file: File;
}

export type ReadBody<T> =
  | { readonly ok: true; readonly value: T; readonly files: readonly SentFile[] }
  | { readonly ok: false; readonly refused: Handled };

const maxFileBytes = 10 * 1024 * 1024;
const maxFiles = 10;

/** A body as JSON, or as a form with the JSON in `payload_json` and files beside it, or with text fields alone. */
export async function readBody<T>(request: ApiRequest, schema: v.GenericSchema<unknown, T>): Promise<ReadBody<T>> {
  const type = (request.headers.get("content-type") ?? "").split(";", 1)[0]?.trim().toLowerCase();
  const isForm = type === "multipart/form-data" || type === "application/x-www-form-urlencoded";
  if (!isForm && type !== "application/json") return { ok: false, refused: refuseForm() };
  const form = isForm ? await readForm(request) : [];
  if (form === undefined) return { ok: false, refused: refuseForm() };
  const files: SentFile[] = [];
  const fields: Record<string, unknown> = {};
  let json: unknown = isForm ? fields : request.json;
  for (const [name, part] of form) {
    const index = /^files\[(\d+)\]$/.exec(name)?.[1];
    if (index !== undefined && typeof part !== "string") files.push({ index: Number(index), file: part });
    else if (name === "payload_json" && typeof part === "string") json = parseJson(part);
    else fields[name] = name === "tts" ? part === "true" : part;
  }
  if (json === undefined) return { ok: false, refused: refuse(50109) };
  if (files.length > maxFiles) return { ok: false, refused: refuse(30015) };
  if (files.some(({ file }) => file.size > maxFileBytes)) return { ok: false, refused: refuse(40005) };
  if (new Set(files.map(({ index }) => index)).size < files.length) return { ok: false, refused: refuseForm() };
  const checked = check(schema, json);
  if (checked.ok) return { ok: true, value: checked.value, files };
  return { ok: false, refused: refuseForm(...checked.problems.map(formErrorOf)) };
}
