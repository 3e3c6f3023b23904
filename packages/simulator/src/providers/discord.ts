import { simulatorCredentials } from "../credentials.ts";
import type { DiscordContent, RecordedMessage } from "../message.ts";
import type { Answer, ApiRequest, Handled, Known, Route } from "../route.ts";
import { editBody, executeBody, modifyBody, readBody } from "./discord/body.ts";
import { channelOf, messageObject, readFiles, refusalOf } from "./discord/content.ts";
import { refuse, refuseForm, wrongMethod } from "./discord/errors.ts";
import { webhook } from "./discord/webhook.ts";

// Sources: https://docs.discord.com/developers/resources/webhook, /developers/reference, /developers/topics/rate-limits.

const [, token] = /([^/]+)$/.exec(simulatorCredentials.discord.webhookUrl) ?? [];

/** The ids of webhooks and threads that end in one of these, after zeros, are answered with it, or stand for a forum. */
const forumEnding = 220000;
const webhookEndings: readonly number[] = [10015, 20016, 50013, 200000, 240000];
const threadEndings: readonly number[] = [10003, 160005];

/** `100000000000010015` ends in 10015. */
function endingOf(id: string): number {
  return Number(/0{5,}([1-9]\d*)$/.exec(id)?.[1] ?? 0);
}

function chosenError(id: string | undefined, endings: readonly number[]): number | undefined {
  return endings.find((ending) => ending === endingOf(id ?? ""));
}

/** Milliseconds since 2015 and 22 more bits, which nobody counts on. */
function newSnowflake(nowMs: number): bigint {
  const [random = 0] = crypto.getRandomValues(new Uint32Array(1));
  return (BigInt(nowMs - 1_420_070_400_000) << 22n) | BigInt(random >>> 10);
}

/** Its place in the API, and the query that all of its requests may have. */
interface Call {
  readonly request: ApiRequest;
  readonly webhookId: string;
  readonly messageId: string | undefined;
  readonly wait: boolean;
  readonly withComponents: boolean;
  readonly threadId: string | undefined;
}

const booleans: Readonly<Record<string, boolean>> = {
  True: true,
  true: true,
  1: true,
  False: false,
  false: false,
  0: false,
};

function readCall(request: ApiRequest): Call | Handled {
  // Cloudflare stands before Discord, and blocks clients that do not say what they are.
  if (!request.headers.get("user-agent")) return refuse(40333);
  const path = /^\/api(?:\/v(\d+))?\/webhooks\/(\d{17,20})\/([^/]+)(?:\/messages\/(\d{17,20}))?$/.exec(request.path);
  if (!path) return refuse(0);
  const [, version = "6", webhookId = "", given, messageId] = path;
  if (Number(version) < 6 || Number(version) > 10) return refuse(50041);
  const unknown = chosenError(webhookId, webhookEndings);
  if (unknown) return refuse(unknown);
  if (given !== token) return refuse(50027);
  const query = new URL(request.url).searchParams;
  for (const name of ["wait", "with_components"]) {
    const value = query.get(name);
    if (value !== null && !Object.hasOwn(booleans, value)) {
      return refuseForm({ path: name, code: "BOOLEAN_TYPE_CONVERT", message: "Must be either true or false." });
    }
  }
  const threadId = query.get("thread_id") ?? undefined;
  if (threadId !== undefined && !/^\d{17,20}$/.test(threadId)) {
    return refuseForm({ path: "thread_id", code: "NUMBER_TYPE_COERCE", message: "Value is not snowflake." });
  }
  const wrongThread = chosenError(threadId, threadEndings);
  if (wrongThread) return refuse(wrongThread);
  const isSet = (name: string): boolean => booleans[query.get(name) ?? "false"] === true;
  return { request, webhookId, messageId, wait: isSet("wait"), withComponents: isSet("with_components"), threadId };
}

/** Told with every answer; how many are left is never less here, until a fault says so. */
function limitHeaders(nowMs: number): Record<string, string> {
  return {
    "x-ratelimit-bucket": "simulator0000000000000000",
    "x-ratelimit-limit": "5",
    "x-ratelimit-remaining": "4",
    "x-ratelimit-reset": String((nowMs + 2_000) / 1_000),
    "x-ratelimit-reset-after": "2.000",
  };
}

async function handle(request: ApiRequest, known: Known): Promise<Handled> {
  const call = readCall(request);
  if ("answer" in call) return call;
  const handled = await (call.messageId === undefined ? handleWebhook(call) : handleMessage(call, known));
  const headers = { ...limitHeaders(request.nowMs), ...handled.answer.headers };
  return { ...handled, answer: { ...handled.answer, headers } };
}

async function handleWebhook(call: Call): Promise<Handled> {
  if (call.request.method === "POST") return await execute(call);
  const name = "Simulator";
  if (call.request.method === "GET") return { answer: { status: 200, body: webhookObject(call, name) }, messages: [] };
  if (call.request.method !== "PATCH") return wrongMethod();
  const body = await readBody(call.request, modifyBody);
  if (!body.ok) return body.refused;
  return { answer: { status: 200, body: webhookObject(call, body.value.name ?? name) }, messages: [] };
}

function webhookObject({ webhookId: id }: Call, name: string): object {
  const guild = { guild_id: "100000000000000800", channel_id: channelOf(id) };
  return { id, type: 1, name, avatar: null, token, application_id: null, ...guild };
}

async function execute(call: Call): Promise<Handled> {
  const { request, webhookId, threadId } = call;
  const body = await readBody(request, executeBody);
  if (!body.ok) return body.refused;
  const { content, embeds, components, attachments, username, avatar_url: avatarUrl, flags } = body.value;
  const { thread_name: threadName, applied_tags: appliedTags } = body.value;
  const isForum = endingOf(webhookId) === forumEnding;
  if (threadId !== undefined && threadName !== undefined) return refuse(220002);
  if (isForum && threadId === undefined && threadName === undefined) return refuse(220001);
  if (!isForum && (threadName !== undefined || appliedTags !== undefined)) return refuse(220003);
  const wrong = (attachments ?? []).findIndex(
    ({ id }) => !body.files.some(({ index }) => String(index) === String(id)),
  );
  if (wrong >= 0) return unknownAttachment(wrong);
  const said = {
    text: content?.trim() || undefined,
    embeds: embeds ?? [],
    // This webhook belongs to no application: without the parameter its components are dropped.
    components: call.withComponents ? (components ?? []) : [],
    fileCount: body.files.length,
    flags: flags ?? 0,
  };
  const refused = refusalOf(said);
  if (refused) return refused;
  const id = newSnowflake(request.nowMs);
  const stored: DiscordContent = {
    kind: "discord",
    webhook: webhookId,
    // A thread that a message opens has the message's id.
    threadId: threadId ?? (threadName === undefined ? undefined : String(id)),
    username: username ?? undefined,
    avatarUrl: avatarUrl ?? undefined,
    text: said.text,
    embeds: said.embeds,
    components: said.components,
    files: await readFiles(body.files, id + 1n),
  };
  const object = messageObject(stored, { id: String(id), atMs: request.nowMs, flags: said.flags });
  return {
    answer: call.wait ? { status: 200, body: object } : { status: 204 },
    messages: [
      {
        providerMessageId: String(id),
        content: stored,
        metadata: {},
        tags: [],
        recipients: [webhookId],
        extra: threadName === undefined ? undefined : { threadName },
      },
    ],
  };
}

function unknownAttachment(index: number): Handled {
  const message = "There is no such file or attachment.";
  return refuseForm({ path: `attachments.${index}.id`, code: "ATTACHMENT_NOT_FOUND", message });
}

/** A message of this webhook in this thread, which is still there. */
function findMessage({ webhookId, messageId = "", threadId }: Call, known: Known): RecordedMessage | undefined {
  const message = known.message(messageId);
  if (message?.content.kind !== "discord" || message.deletedAtMs !== undefined) return undefined;
  return message.content.webhook === webhookId && message.content.threadId === threadId ? message : undefined;
}

async function handleMessage(call: Call, known: Known): Promise<Handled> {
  const { method } = call.request;
  const message = findMessage(call, known);
  if (!["GET", "PATCH", "DELETE"].includes(method)) return wrongMethod();
  if (!message) return refuse(10008);
  const { providerMessageId, receivedAtMs, editedAtMs } = message;
  const content = message.content as DiscordContent;
  if (method === "DELETE") {
    const note = `Message ${providerMessageId} deleted`;
    return { answer: { status: 204 }, messages: [], edits: [{ providerMessageId, deleted: true }], note };
  }
  const told = { id: providerMessageId, atMs: receivedAtMs };
  if (method === "GET") {
    const body = messageObject(content, { ...told, editedAtMs, flags: 0 });
    return { answer: { status: 200, body }, messages: [] };
  }
  return await edit(call, content, told);
}

async function edit(call: Call, before: DiscordContent, told: { id: string; atMs: number }): Promise<Handled> {
  const { request } = call;
  const body = await readBody(request, editBody);
  if (!body.ok) return body.refused;
  const { content, embeds, components, attachments, flags } = body.value;
  const added = await readFiles(body.files, newSnowflake(request.nowMs));
  const newById = new Map(body.files.map(({ index }, position) => [String(index), added[position]]));
  const oldById = new Map(before.files.map((file) => [file.contentId, file]));
  // "The attachments array must contain all attachments that should be present after edit".
  const listed = attachments?.map(({ id }) => newById.get(String(id)) ?? oldById.get(String(id)));
  const wrong = listed?.indexOf(undefined) ?? -1;
  if (wrong >= 0) return unknownAttachment(wrong);
  const files = listed?.filter((file) => file !== undefined) ?? [...before.files, ...added];
  const after: DiscordContent = {
    ...before,
    text: content === undefined ? before.text : (content ?? "").trim() || undefined,
    embeds: embeds === undefined ? before.embeds : (embeds ?? []),
    components: components === undefined || !call.withComponents ? before.components : (components ?? []),
    files,
  };
  const flagsAfter = (flags ?? 0) | flagsOf(before);
  const refused = refusalOf({ ...after, fileCount: files.length, flags: flagsAfter });
  if (refused) return refused;
  const object = messageObject(after, { ...told, editedAtMs: request.nowMs, flags: flagsAfter });
  const edits = [{ providerMessageId: told.id, content: after }];
  return { answer: { status: 200, body: object }, messages: [], edits, note: `Message ${told.id} edited` };
}

/** `IS_COMPONENTS_V2`, which cannot be taken off, for a message of components alone. */
function flagsOf({ text, embeds, components, files }: DiscordContent): number {
  return components.length > 0 && text === undefined && embeds.length + files.length === 0 ? 1 << 15 : 0;
}

function limited(seconds: number): Answer {
  return {
    status: 429,
    headers: {
      "retry-after": String(seconds),
      "x-ratelimit-bucket": "simulator0000000000000000",
      "x-ratelimit-limit": "5",
      "x-ratelimit-remaining": "0",
      "x-ratelimit-reset-after": String(seconds),
      "x-ratelimit-scope": "user",
    },
    body: { message: "You are being rate limited.", retry_after: seconds, global: false },
  };
}

/** Discord's webhooks: https://docs.discord.com/developers/resources/webhook. */
export const route: Route = {
  id: "discord",
  name: "Discord",
  hosts: ["discord.com", "discordapp.com", "ptb.discord.com", "canary.discord.com"],
  secretHeaders: [],
  secretPath: /(?<=\/webhooks\/\d+\/)[^/?#]+/,
  handle,
  rateLimited: limited,
  // Discord documents no number, and tells each webhook's in its answers: this one is often seen.
  rate: {
    limit: 5,
    windowMs: 2_000,
    of: ({ method, path }) => (method === "POST" ? /\/webhooks\/(\d+)/.exec(path)?.[1] : undefined),
  },
  unavailable: () => ({
    status: 503,
    body: { message: "API resource is currently overloaded. Try again a little later", code: 130000 },
  }),
  webhook,
};
