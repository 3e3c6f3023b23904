import { discordWebhookOf, type DiscordFile, type DiscordTarget } from "../../channels/discord.ts";
import { fromBase64 } from "../../crypto/bytes.ts";
import { filled } from "../../provider/reading.ts";
import type { OutboundRequest } from "../../provider/request.ts";
import type { DiscordWebhookMessage } from "./wire.ts";

/** Discord wants a client's address and version in this form. https://docs.discord.com/developers/reference#user-agent */
const userAgent = "DiscordBot (https://www.npmjs.com/package/carillon, 0)";

export interface WebhookCall {
  readonly method: "POST" | "PATCH" | "DELETE";
  readonly to: DiscordTarget;
  /** Of the message to edit or to delete. */
  readonly messageId?: string | undefined;
  /** `wait`: the answer comes when the message is stored, and holds it; a failure to store it is told, too. */
  readonly wait?: boolean | undefined;
  readonly payload?: DiscordWebhookMessage | undefined;
  readonly files?: readonly DiscordFile[] | undefined;
}

/**
 * A request about a webhook, to the API's version 10 whatever version its URL names: one without a version goes to a
 * deprecated one.
 *
 * Source: https://docs.discord.com/developers/reference#uploading-files (read 2026-11-23)
 */
export function callDiscordWebhook({ method, to, messageId, wait, payload, files = [] }: WebhookCall): OutboundRequest {
  const { id, token } = discordWebhookOf(to);
  const query = [
    wait && "wait=true",
    to.threadId && `thread_id=${to.threadId}`,
    // Else the components of a webhook that belongs to no application are dropped without a word.
    payload?.components && "with_components=true",
  ].filter(Boolean);
  const path = `/webhooks/${id}/${token}${messageId ? `/messages/${messageId}` : ""}`;
  const json = payload && JSON.stringify(payload);
  return {
    method,
    url: `https://discord.com/api/v10${path}${filled(query) ? `?${query.join("&")}` : ""}`,
    headers: { "user-agent": userAgent, ...(json && !files.length && { "content-type": "application/json" }) },
    body: json && files.length ? toForm(json, files) : json,
    secrets: [token],
  };
}

function toForm(json: string, files: readonly DiscordFile[]): FormData {
  const form = new FormData();
  form.append("payload_json", json);
  for (const [index, { filename, content, contentType = "application/octet-stream" }] of files.entries()) {
    const bytes = typeof content === "string" ? fromBase64(content) : content;
    form.append(`files[${index}]`, new Blob([bytes as Uint8Array<ArrayBuffer>], { type: contentType }), filename);
  }
  return form;
}
