import type { Handled } from "../../route.ts";
import type { Problem } from "../../wire/check.ts";

// Codes and messages: https://docs.discord.com/developers/topics/opcodes-and-status-codes#json,
// shape: https://docs.discord.com/developers/reference#error-messages.

/** Statuses and messages by code, of those that this route answers. */
const known: Readonly<Record<number, readonly [status: number, message: string]>> = {
  0: [404, "404: Not Found"],
  10003: [404, "Unknown Channel"],
  10008: [404, "Unknown Message"],
  10015: [404, "Unknown Webhook"],
  20016: [429, "This action cannot be performed due to slowmode rate limit"],
  30015: [400, "Maximum number of attachments in a message reached (10)"],
  40005: [413, "Request entity too large"],
  40333: [403, "internal network error"],
  50006: [400, "Cannot send an empty message"],
  50013: [403, "Missing Permissions"],
  50027: [401, "Invalid Webhook Token"],
  50041: [400, "Invalid API version provided"],
  50109: [400, "The request body contains invalid JSON."],
  160005: [400, "Thread is locked"],
  200000: [400, "Message was blocked by automatic moderation"],
  220001: [400, "Webhooks posted to forum channels must have a thread_name or thread_id"],
  220002: [400, "Webhooks posted to forum channels cannot have both a thread_name and thread_id"],
  220003: [400, "Webhooks can only create threads in forum channels"],
  240000: [400, "Message blocked by harmful links filter"],
};

/** What is refused under a code. */
export function refuse(code: number): Handled {
  const [status, message] = known[code] ?? [400, "Unknown error"];
  const body = { message, code };
  if (status !== 429) return { answer: { status, body }, messages: [] };
  const seconds = 5;
  const headers = { "retry-after": String(seconds), "x-ratelimit-scope": "shared" };
  return { answer: { status, headers, body: { ...body, retry_after: seconds, global: false } }, messages: [] };
}

/** The method is not one of this place's. */
export function wrongMethod(): Handled {
  return { answer: { status: 405, body: { message: "405: Method Not Allowed", code: 0 } }, messages: [] };
}

/** One thing that is wrong in the body: the path of its field, Discord's code and its words. */
export interface FormError {
  /** `embeds.0.title`; empty for the body itself. */
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

/** 50035, with a tree of what is wrong where. */
export function refuseForm(...found: readonly FormError[]): Handled {
  const errors: Record<string, unknown> = {};
  for (const { path, code, message } of found) {
    let node = errors;
    for (const key of path.split(".").filter(Boolean)) node = (node[key] ??= {}) as Record<string, unknown>;
    ((node["_errors"] ??= []) as unknown[]).push({ code, message });
  }
  return {
    answer: {
      status: 400,
      body: { message: "Invalid Form Body", code: 50035, ...(found.length > 0 && { errors }) },
    },
    messages: [],
  };
}

/** A rule's message in schemas of this route: `CODE|Text.` */
export function ruleText(code: string, message: string): string {
  return `${code}|${message}`;
}

export function formErrorOf({ path, kind, text }: Problem): FormError {
  const [code = "", message] = text.split("|", 2);
  if (kind === "rule" && message !== undefined) return { path, code, message };
  if (kind === "missing") return { path, code: "BASE_TYPE_REQUIRED", message: "This field is required" };
  // Discord ignores what it does not know. Here it is refused: a misspelt field is what a simulator is for.
  if (kind === "unknown") return { path, code: "UNKNOWN_FIELD", message: "This field is not known" };
  return { path, code: "BASE_TYPE_CONVERT", message: `Could not be read: ${text}.` };
}
