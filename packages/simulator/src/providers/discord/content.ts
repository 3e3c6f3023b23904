import type { Attachment, DiscordContent, JsonObject } from "../../message.ts";
import type { Handled } from "../../route.ts";
import { toBase64 } from "../../wire/bytes.ts";
import { objectOf, objectsOf } from "../../wire/json.ts";
import { componentsV2Flag, type Embed, type SentFile } from "./body.ts";
import { type FormError, refuse, refuseForm } from "./errors.ts";

/** What a message says, of whichever body. */
export interface Said {
  readonly text?: string | undefined;
  readonly embeds: readonly Embed[];
  readonly components: readonly JsonObject[];
  readonly fileCount: number;
  readonly flags: number;
}

const maxEmbedCharacters = 6000;
const maxComponents = 40;
const maxActionRows = 5;

function countCharacters({ title, description, footer, author, fields = [] }: Embed): number {
  const texts = [title, description, footer?.text, author?.name, ...fields.flatMap(({ name, value }) => [name, value])];
  return texts.reduce((sum, text) => sum + Array.from((text ?? "").trim()).length, 0);
}

/** The component itself, and all inside it. */
function unfold(component: JsonObject): readonly JsonObject[] {
  const accessory = objectOf(component["accessory"]);
  const inner = [...objectsOf(component["components"]), ...(accessory ? [accessory] : [])];
  return [component, ...inner.flatMap(unfold)];
}

/** Whoever presses or picks something in these makes an interaction, which a webhook without an application cannot get. */
function isInteractive({ type, style }: JsonObject): boolean {
  const button = 2;
  const linkStyle = 5;
  return type === button ? style !== linkStyle : [3, 5, 6, 7, 8].includes(Number(type));
}

/** Why Discord would not take such a message; undefined: it does. */
export function refusalOf({ text, embeds, components, fileCount, flags }: Said): Handled | undefined {
  const problems: FormError[] = [];
  if (embeds.reduce((sum, embed) => sum + countCharacters(embed), 0) > maxEmbedCharacters) {
    const message = `Embed size exceeds maximum size of ${maxEmbedCharacters}`;
    problems.push({ path: "embeds", code: "MAX_EMBED_SIZE_EXCEEDED", message });
  }
  const all = components.flatMap(unfold);
  const isV2 = (flags & componentsV2Flag) !== 0;
  const actionRow = 1;
  if (isV2) {
    if (text !== undefined || embeds.length > 0 || fileCount > 0) {
      const message = "The 'content', 'embeds' and 'files' fields cannot be used with MessageFlags.IS_COMPONENTS_V2";
      const code = "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2";
      problems.push({ path: "flags", code, message });
    }
    if (all.length > maxComponents) {
      const message = `Total number of components must not exceed ${maxComponents}.`;
      problems.push({ path: "components", code: "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", message });
    }
  } else {
    const other = components.findIndex(({ type }) => type !== actionRow);
    if (other >= 0) {
      const message = 'Value of field "type" must be one of (1,).';
      problems.push({ path: `components.${other}`, code: "UNION_TYPE_CHOICES", message });
    }
    if (components.length > maxActionRows) {
      const message = `Must be between 1 and ${maxActionRows} in length.`;
      problems.push({ path: "components", code: "BASE_TYPE_BAD_LENGTH", message });
    }
  }
  if (all.some(isInteractive)) {
    const message = "Interactive components cannot be sent by this webhook.";
    problems.push({ path: "components", code: "COMPONENT_NOT_ALLOWED", message });
  }
  if (problems.length > 0) return refuseForm(...problems);
  const isEmpty = text === undefined && embeds.length + components.length + fileCount === 0;
  return isEmpty ? refuse(50006) : undefined;
}

/** Ids of attachments are kept where e-mail has its content ids. */
export async function readFiles(files: readonly SentFile[], firstId: bigint): Promise<readonly Attachment[]> {
  return await Promise.all(
    files.map(async ({ file }, index) => ({
      filename: file.name,
      contentType: file.type || "application/octet-stream",
      contentId: String(firstId + BigInt(index)),
      base64: toBase64(new Uint8Array(await file.arrayBuffer())),
    })),
  );
}

/** The message object, of which the simulator has what a webhook's client can use. */
export function messageObject(
  content: DiscordContent,
  { id, atMs, editedAtMs, flags }: { id: string; atMs: number; editedAtMs?: number | undefined; flags: number },
): JsonObject {
  const channelId = content.threadId ?? channelOf(content.webhook);
  return {
    id,
    type: 0,
    content: content.text ?? "",
    channel_id: channelId,
    author: { id: content.webhook, username: content.username ?? "Simulator", avatar: null, bot: true },
    attachments: content.files.map(({ contentId = "0", filename, contentType, base64 }) => ({
      id: contentId,
      filename,
      size: Math.floor((base64.replace(/=+$/, "").length * 3) / 4),
      url: `https://cdn.discordapp.com/attachments/${channelId}/${contentId}/${encodeURIComponent(filename)}`,
      content_type: contentType,
    })),
    embeds: content.embeds.map((embed) => ({ type: "rich", ...embed })),
    mentions: [],
    mention_roles: [],
    mention_everyone: false,
    pinned: false,
    tts: false,
    timestamp: isoTime(atMs),
    edited_timestamp: editedAtMs === undefined ? null : isoTime(editedAtMs),
    flags,
    components: content.components,
    webhook_id: content.webhook,
  };
}

/** The channel that a webhook posts to. */
export function channelOf(webhook: string): string {
  return String(BigInt(webhook) + 1_000_000_000n);
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString().replace("Z", "000+00:00");
}
