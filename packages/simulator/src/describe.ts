import type {
  DiscordContent,
  EmailContent,
  FcmContent,
  JsonObject,
  MessageContent,
  MessageSummary,
  SlackContent,
  SmsContent,
  WebPushContent,
} from "./message.ts";
import { objectOf, objectsOf, parseJson, stringOf } from "./wire/json.ts";

type Description = Pick<MessageSummary, "sender" | "title" | "preview" | "attachmentCount">;

const previewLength = 140;
const titleLength = 80;
/** Of a long text no more is looked at. */
const readLength = 2_000;

/** The parts of a summary that come from the content. */
export function describeContent(content: MessageContent): Description & Pick<MessageSummary, "kind"> {
  return { kind: content.kind, ...describe(content) };
}

function describe(content: MessageContent): Description {
  switch (content.kind) {
    case "email":
      return describeEmail(content);
    case "sms":
      return describeSms(content);
    case "slack":
      return describeSlack(content);
    case "discord":
      return describeDiscord(content);
    case "webpush":
      return describeWebPush(content);
    case "fcm":
      return describeFcm(content);
  }
}

function describeEmail(content: EmailContent): Description {
  const text = content.text ?? (content.html ?? "").replace(/<(style|script|title)[\s\S]*?<\/\1>|<[^>]*>/gi, " ");
  return {
    sender: content.from.name ?? content.from.email,
    title: content.subject,
    preview: oneLine(text).slice(0, previewLength),
    attachmentCount: content.attachments.length,
  };
}

function describeSms({ from, text, mediaUrls }: SmsContent): Description {
  return { sender: from, ...splitText(text, "Media message"), attachmentCount: mediaUrls.length };
}

function describeSlack({ target, text = "", blocks }: SlackContent): Description {
  const inBlocks = blocks.map(blockText).filter(Boolean).join(" ");
  return { sender: target, ...chat(withoutMrkdwn(text), withoutMrkdwn(inBlocks), "Blocks"), attachmentCount: 0 };
}

/** A chat message says things twice or more: in its text, and in what is built around it. */
function chat(text: string, rest: string, empty: string): Pick<Description, "title" | "preview"> {
  const parts = splitText(text || rest, empty);
  return text !== "" && parts.preview === "" ? { ...parts, preview: oneLine(rest).slice(0, previewLength) } : parts;
}

/** A block's own text, and that of its fields and elements. */
function blockText(block: JsonObject): string {
  const own = stringOf(objectOf(block["text"])?.["text"]);
  const others = [...objectsOf(block["fields"]), ...objectsOf(block["elements"])].map((part) => stringOf(part["text"]));
  return [own, ...others].filter((text) => text !== undefined).join(" ");
}

function describeDiscord({ webhook, username, text = "", embeds, files }: DiscordContent): Description {
  const inEmbeds = embeds.flatMap((embed) => [stringOf(embed["title"]), stringOf(embed["description"])]);
  const rest = withoutMarkdown(inEmbeds.filter((part) => part !== undefined).join(" "));
  return {
    sender: username ?? `webhook ${webhook}`,
    ...chat(withoutMarkdown(text), rest, files[0]?.filename ?? "Components"),
    attachmentCount: files.length,
  };
}

/** What a web push asks the browser to show, in the declarative form or in the one that service workers usually read. */
export function webPushNotification(payload: string): JsonObject | undefined {
  const json = objectOf(parseJson(payload));
  const notification = objectOf(json?.["notification"]) ?? json;
  return stringOf(notification?.["title"]) === undefined ? undefined : notification;
}

function describeWebPush({ payload, vapid, sealed }: WebPushContent): Description {
  const notification = webPushNotification(payload);
  const empty = sealed ? "Push for a real browser" : "Push without payload";
  const described = notification ? noted(notification, "") : splitText(payload, empty);
  return { sender: vapid.subject ?? vapid.audience, ...described, attachmentCount: 0 };
}

function describeFcm({ message, target }: FcmContent): Description {
  return { sender: target, ...noted(objectOf(message["notification"]) ?? {}, "Data message"), attachmentCount: 0 };
}

function noted(notification: JsonObject, untitled: string): Pick<Description, "title" | "preview"> {
  const body = oneLine(stringOf(notification["body"]) ?? "").slice(0, previewLength);
  return { title: oneLine(stringOf(notification["title"]) ?? untitled), preview: body };
}

/** Roughly: for one line in a list, not for showing the message. */
function withoutMrkdwn(text: string): string {
  return text
    .slice(0, readLength)
    .replace(/<(?:[^<>|\n]*\|)?([^<>|\n]*)>/g, "$1")
    .replace(/(?<!\w)[*_~`]+|[*_~`]+(?!\w)/g, "")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
}

function withoutMarkdown(text: string): string {
  return text
    .slice(0, readLength)
    .replace(/\[([^[\]\n]*)\]\(<?https?:[^\s()]*\)/g, "$1")
    .replace(/^(?:#{1,3}|-#|>) +/gm, "")
    .replace(/(?<!\w)(?:[*_~`]+|\|\|)|(?:[*_~`]+|\|\|)(?!\w)/g, "");
}

/** The text's beginning as a title, cut between words, and what follows as the preview. */
function splitText(text: string, empty: string): Pick<Description, "title" | "preview"> {
  const line = oneLine(text);
  if (line.length <= titleLength) return { title: line || empty, preview: "" };
  const space = line.lastIndexOf(" ", titleLength);
  const end = space > titleLength / 2 ? space : titleLength;
  return { title: `${line.slice(0, end)} ...`, preview: line.slice(end, end + previewLength).trim() };
}

function oneLine(text: string): string {
  return text.slice(0, readLength).replace(/\s+/g, " ").trim();
}
