import { simulatorCredentials } from "../credentials.ts";
import type { SimulatedEventType } from "../outcome.ts";
import type { ApiRequest, Handled, Known, Route } from "../route.ts";
import { parseJson } from "../wire/json.ts";
import { type Arguments, readArguments } from "./slack/arguments.ts";
import {
  acceptedMessage,
  type Content,
  hookSchema,
  postSchema,
  readContent,
  type Refused,
  updateSchema,
} from "./slack/content.ts";
import { webhook, workspace } from "./slack/webhook.ts";

// Sources: https://docs.slack.dev/reference/methods/chat.postMessage, chat.update, chat.delete, auth.test;
// https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks and
// https://docs.slack.dev/changelog/2016-05-17-changes-to-errors-for-incoming-webhooks.
// Unlike Slack, the simulator has every channel and user that an id can name, takes POST alone, refuses arguments that it
// does not know, and has no rate of its own.

const { token, webhookUrl } = simulatorCredentials.slack;
const [, ownTeam, , ownHookToken] = /services\/(\w+)\/(\w+)\/(\w+)$/.exec(webhookUrl) ?? [];

/** Channels that refuse what is posted to them. */
const errorOfChannel: Readonly<Record<string, string>> = {
  CNOTFOUND: "channel_not_found",
  CARCHIVED: "is_archived",
  CNOTMEMBER: "not_in_channel",
  CREADONLY: "restricted_action_read_only_channel",
};
/** Channels with something to tell afterwards. */
const outcomeOfChannel: Readonly<Record<string, readonly SimulatedEventType[]>> = {
  CCLICKED: ["sent", "delivered", "clicked"],
  CSUPPRESSED: ["sent", "delivered", "suppressed"],
};
/** Incoming webhooks, by their second part. */
const errorOfHook: Readonly<Record<string, readonly [status: number, error: string]>> = {
  BPROHIBITED: [403, "action_prohibited"],
  BNOCHANNEL: [404, "channel_not_found"],
  BNOSERVICE: [404, "no_service"],
  BARCHIVED: [410, "channel_is_archived"],
};

function answered(body: object, more: Partial<Handled> = {}): Handled {
  return { answer: { status: 200, body: { ok: true, ...body } }, messages: [], ...more };
}

/** Errors of the Web API come with status 200. */
function refuse({ error, messages }: Refused): Handled {
  const more = messages && { response_metadata: { messages } };
  return { answer: { status: 200, body: { ok: false, error, ...more } }, messages: [] };
}

/** When it was posted, in seconds; it is the message's id within its conversation, so no two are the same. */
function newTs(nowMs: number, isTaken: (ts: string) => boolean): string {
  for (;;) {
    const micros = crypto.getRandomValues(new Uint32Array(1))[0]! % 1_000_000;
    const ts = `${Math.floor(nowMs / 1000)}.${String(micros).padStart(6, "0")}`;
    if (!isTaken(ts)) return ts;
  }
}

function messageBody({ text = "", blocks, thread_ts, metadata, username }: Content, ts: string): object {
  const { botId: bot_id, appId: app_id, botUser: user, team } = workspace;
  return { type: "message", user, ts, bot_id, app_id, text, team, username, blocks, thread_ts, metadata };
}

function postMessage(args: Arguments, known: Known, nowMs: number): Handled {
  const read = readContent(postSchema, args);
  if ("error" in read) return refuse(read);
  const content = read.value;
  const given = content.channel ?? "";
  if (given === "")
    return refuse({ error: "invalid_arguments", messages: ["[ERROR] missing required field: channel"] });
  if (!/^[CDGUW][A-Z0-9]{2,}$/.test(given)) return refuse({ error: "channel_not_found" });
  const error = errorOfChannel[given];
  if (error) return refuse({ error });
  // A message to a person opens the conversation with the bot.
  const channel = given.replace(/^[UW]/, "D");
  const ts = newTs(nowMs, (taken) => known.message(`${channel}:${taken}`) !== undefined);
  const message = { ...acceptedMessage(`${channel}:${ts}`, given, content), outcome: outcomeOfChannel[given] };
  return answered({ channel, ts, message: messageBody(content, ts) }, { messages: [message] });
}

/** The message that a method is about. */
function find({ channel, ts }: Arguments, known: Known): ReturnType<Known["message"]> | Refused {
  if (typeof channel !== "string" || !/^[CDG][A-Z0-9]{2,}$/.test(channel)) return { error: "channel_not_found" };
  if (typeof ts !== "string" || ts === "") {
    return { error: "invalid_arguments", messages: ["[ERROR] missing required field: ts"] };
  }
  const found = known.message(`${channel}:${ts}`);
  return found && found.deletedAtMs === undefined ? found : { error: "message_not_found" };
}

function update(args: Arguments, known: Known): Handled {
  const read = readContent(updateSchema, args);
  if ("error" in read) return refuse(read);
  const found = find(args, known);
  if (!found || "error" in found) return refuse(found ?? { error: "message_not_found" });
  const { content: old, providerMessageId } = found;
  // An incoming webhook's messages are not the bot's.
  if (old.kind !== "slack" || old.target.includes("/")) return refuse({ error: "cant_update_message" });
  // What is not mentioned stays.
  const text = read.value.text ?? old.text;
  const blocks = read.value.blocks ?? old.blocks;
  const { channel, ts } = args as { readonly channel: string; readonly ts: string };
  return answered(
    { channel, ts, text, message: messageBody({ ...read.value, text, blocks }, ts) },
    { edits: [{ providerMessageId, content: { ...old, text, blocks } }], note: `Edit of ${providerMessageId}` },
  );
}

function remove(args: Arguments, known: Known): Handled {
  const unknown = Object.keys(args).find((name) => !/^(channel|ts|as_user)$/.test(name));
  if (unknown) return refuse({ error: "invalid_arg_name" });
  const found = find(args, known);
  if (!found || "error" in found) return refuse(found ?? { error: "message_not_found" });
  const { providerMessageId } = found;
  const note = `Deletion of ${providerMessageId}`;
  return answered(
    { channel: args["channel"], ts: args["ts"] },
    { edits: [{ providerMessageId, deleted: true }], note },
  );
}

function callMethod(method: string, request: ApiRequest, known: Known): Handled {
  if (request.method !== "POST") return { answer: { status: 405, body: "" }, messages: [] };
  const read = readArguments(request);
  if ("error" in read) return refuse(read);
  const { args, warning } = read;
  const methods: Readonly<Record<string, () => Handled>> = {
    "chat.postMessage": () => postMessage(args, known, request.nowMs),
    "chat.update": () => update(args, known),
    "chat.delete": () => remove(args, known),
    "auth.test": () => answered(workspace.identity, { note: "Identity" }),
  };
  const run = Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (!run) return refuse({ error: "unknown_method" });
  if (read.token === undefined) return refuse({ error: "not_authed" });
  if (read.token !== token) return refuse({ error: "invalid_auth" });
  const handled = run();
  if (warning === undefined) return handled;
  const more = { warning, response_metadata: { warnings: [warning] } };
  return { ...handled, answer: { ...handled.answer, body: { ...(handled.answer.body as object), ...more } } };
}

/** An incoming webhook answers in plain text, and an error has a status. */
function hookAnswer(status: number, body: string, more: Partial<Handled> = {}): Handled {
  return { answer: { status, headers: { "content-type": "text/html" }, body }, messages: [], ...more };
}

function postToHook(path: string, request: ApiRequest, known: Known): Handled {
  const [, team, hook = "", hookToken] = /^\/services\/(T\w+)\/(B\w+)\/(\w+)$/.exec(path) ?? [];
  if (request.method !== "POST") return hookAnswer(405, "");
  if (team !== ownTeam) return hookAnswer(404, team === undefined ? "no_service" : "no_team");
  if (hookToken !== ownHookToken) return hookAnswer(403, "invalid_token");
  const error = errorOfHook[hook];
  if (error) return hookAnswer(...error);
  const isForm = request.headers.get("content-type")?.startsWith("application/x-www-form-urlencoded");
  const json = isForm ? parseJson(new URLSearchParams(request.body).get("payload") ?? "") : request.json;
  const read = readContent(hookSchema, json);
  if ("error" in read) return hookAnswer(400, read.error.startsWith("invalid_arg") ? "invalid_payload" : read.error);
  const target = `${team}/${hook}`;
  const ts = newTs(request.nowMs, (taken) => known.message(`${target}:${taken}`) !== undefined);
  return hookAnswer(200, "ok", { messages: [acceptedMessage(`${target}:${ts}`, target, read.value)] });
}

/** Slack: https://docs.slack.dev. */
export const route: Route = {
  id: "slack",
  name: "Slack",
  hosts: ["slack.com", "hooks.slack.com", "hooks.slack-gov.com"],
  secretHeaders: ["authorization"],
  secretPath: /(?<=\/services\/T\w+\/B\w+\/)[^/?]+/,
  handle(request, known) {
    const [, method] = /^\/api\/([\w.]+)$/.exec(request.path) ?? [];
    // By path, whatever the host: a client with one base URL for both is served, too.
    if (method !== undefined) return callMethod(method, request, known);
    if (request.path.startsWith("/services/")) return postToHook(request.path, request, known);
    return { answer: { status: 404, headers: { "content-type": "text/html" }, body: "" }, messages: [] };
  },
  rateLimited: (seconds) => ({
    status: 429,
    headers: { "retry-after": String(seconds) },
    body: { ok: false, error: "ratelimited" },
  }),
  unavailable: () => ({ status: 503, body: { ok: false, error: "service_unavailable" } }),
  webhook,
};
