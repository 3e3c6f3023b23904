import * as v from "valibot";
import type { AcceptedMessage, SlackContent } from "../../message.ts";
import { check } from "../../wire/check.ts";
import { blocksSchema } from "./blocks.ts";

// Sources: https://docs.slack.dev/reference/methods/chat.postMessage, https://docs.slack.dev/messaging/message-metadata.

/** What is longer is cut, and nothing said of it. */
const maxText = 40_000;
const maxAttachments = 100;

export interface Metadata {
  readonly event_type: string;
  readonly event_payload: Readonly<Record<string, unknown>>;
}

const metadataSchema: v.GenericSchema<unknown, Metadata> = v.strictObject({
  event_type: v.pipe(v.string(), v.regex(/^\w{1,255}$/)),
  event_payload: v.record(v.string(), v.unknown()),
});

/** What a message says, apart from where it goes. */
const entries = {
  text: v.optional(v.string()),
  blocks: v.optional(v.nullable(v.unknown())),
  attachments: v.optional(v.array(v.looseObject({}))),
  thread_ts: v.optional(v.pipe(v.string(), v.regex(/^\d+\.\d+$/))),
  metadata: v.optional(v.unknown()),
  mrkdwn: v.optional(v.boolean()),
  parse: v.optional(v.picklist(["none", "full", "client"])),
  link_names: v.optional(v.boolean()),
  unfurl_links: v.optional(v.boolean()),
  unfurl_media: v.optional(v.boolean()),
  username: v.optional(v.string()),
  icon_emoji: v.optional(v.pipe(v.string(), v.regex(/^:[^:\s]+:$/))),
  icon_url: v.optional(v.pipe(v.string(), v.url())),
  channel: v.optional(v.string()),
};

export const hookSchema: v.GenericSchema<unknown, Said> = v.strictObject(entries);
export const postSchema: v.GenericSchema<unknown, Said> = v.strictObject({
  ...entries,
  as_user: v.optional(v.boolean()),
  reply_broadcast: v.optional(v.boolean()),
});
export const updateSchema: v.GenericSchema<unknown, Said> = v.strictObject({
  channel: v.string(),
  ts: v.string(),
  text: entries.text,
  blocks: entries.blocks,
  attachments: entries.attachments,
  metadata: entries.metadata,
  parse: entries.parse,
  link_names: entries.link_names,
  as_user: v.optional(v.boolean()),
  reply_broadcast: v.optional(v.boolean()),
});

interface Said {
  readonly channel?: string | undefined;
  readonly ts?: string | undefined;
  readonly text?: string | undefined;
  readonly blocks?: unknown;
  readonly attachments?: readonly object[] | undefined;
  readonly thread_ts?: string | undefined;
  readonly metadata?: unknown;
  readonly username?: string | undefined;
}

export interface Content extends Said {
  readonly blocks: SlackContent["blocks"] | undefined;
  readonly metadata: Metadata | undefined;
}

/** An error's code, and what else is said of it. */
export interface Refused {
  readonly error: string;
  readonly messages?: readonly string[] | undefined;
}

/** Reads the arguments of a message, or says what is wrong with them, in Slack's codes. */
export function readContent(
  schema: v.GenericSchema<unknown, Said>,
  args: unknown,
): { readonly value: Content } | Refused {
  const checked = check(schema, args);
  if (!checked.ok) {
    const [problem] = checked.problems;
    const path = problem?.path ?? "";
    if (problem?.kind === "unknown") return { error: "invalid_arg_name", messages: [`[ERROR] unknown: ${path}`] };
    const what = problem?.kind === "missing" ? "missing required field" : "invalid value of";
    return { error: "invalid_arguments", messages: [`[ERROR] ${what}: ${path}`] };
  }
  const { blocks, attachments = [], metadata, text, ...rest } = checked.value;
  if (attachments.length > maxAttachments) return { error: "too_many_attachments" };
  const readBlocks = blocks === undefined || blocks === null ? undefined : check(blocksSchema, blocks);
  if (readBlocks?.ok === false) {
    const isList = Array.isArray(blocks);
    const pointers = readBlocks.problems.map(({ path }) => `/blocks${path && `/${path.replaceAll(".", "/")}`}`);
    return {
      error: isList ? "invalid_blocks" : "invalid_blocks_format",
      messages: pointers.map((pointer) => `[ERROR] failed to match all allowed schemas [json-pointer:${pointer}]`),
    };
  }
  // An empty object removes what an update finds.
  const isMetadata = metadata !== undefined && JSON.stringify(metadata) !== "{}";
  const readMetadata = isMetadata ? check(metadataSchema, metadata) : undefined;
  if (readMetadata?.ok === false) return { error: "invalid_metadata_format" };
  if (!text && !readBlocks?.value.length && attachments.length === 0) return { error: "no_text" };
  return {
    value: {
      ...rest,
      text: text?.slice(0, maxText),
      blocks: readBlocks?.value,
      attachments,
      metadata: readMetadata?.value,
    },
  };
}

/** What is kept of it. */
export function acceptedMessage(
  providerMessageId: string,
  target: string,
  { text, blocks = [], thread_ts: threadTs, metadata }: Content,
): AcceptedMessage<SlackContent> {
  const carried = Object.entries(metadata?.event_payload ?? {}).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  );
  const values = Object.fromEntries(carried);
  return {
    providerMessageId,
    messageId: values["carillon_message_id"],
    content: { kind: "slack", target, text, blocks, threadTs },
    metadata: values,
    tags: [],
    recipients: [target],
    extra: metadata && { eventType: metadata.event_type },
  };
}
