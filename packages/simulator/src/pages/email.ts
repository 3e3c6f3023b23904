import { html } from "hono/html";
import type { Attachment, EmailContent, Mailbox } from "../message.ts";
import { card, definitions, type Markup } from "./layout.ts";

/** Holds inside the frame, whatever the page around it allows: no scripts, nothing from elsewhere. */
const framePolicy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

/** What an email says, as its recipient would see it, then as text. */
export function emailContent(content: EmailContent): Markup {
  return html`${content.html !== undefined && card("HTML", frame(content))}
  ${content.text !== undefined && card("Plain text", html`<pre>${content.text}</pre>`)}
  ${content.attachments.length > 0 && card("Attachments", fileList(content.attachments))}`;
}

function frame(content: EmailContent): Markup {
  return html`<iframe sandbox="" title="As its recipient sees it" srcdoc="${frameDocument(content)}"></iframe>`;
}

function fileList(files: readonly Attachment[]): Markup {
  return html`<ul class="files">
    ${files.map((file) => html`<li>${file.filename}<span>${fileDetails(file)}</span></li>`)}
  </ul>`;
}

/** Who it is from and to, and its own headers. */
export function emailEnvelope(content: EmailContent): Markup {
  const lists: readonly (readonly [string, readonly Mailbox[]])[] = [
    ["From", [content.from]],
    ["To", content.to],
    ["Cc", content.cc],
    ["Bcc", content.bcc],
    ["Reply to", content.replyTo],
  ];
  const envelope = lists
    .filter(([, mailboxes]) => mailboxes.length > 0)
    .map(([name, mailboxes]) => [name, mailboxes.map(mailboxText).join(", ")] as const);
  return html`${card("Envelope", definitions(envelope))}
  ${content.headers.length > 0 && card("Headers", definitions(content.headers, "wide"))}`;
}

function mailboxText({ email, name }: Mailbox): string {
  return name === undefined ? email : `${name} <${email}>`;
}

/** Type, size, and content id. */
export function fileDetails({ base64, contentId, contentType }: Attachment): string {
  const bytes = Math.floor((base64.replace(/[=\s]/g, "").length * 3) / 4);
  const size = bytes < 1024 ? `${bytes} bytes` : `${(bytes / 1024).toFixed(1)} kB`;
  return [contentType, size, ...(contentId === undefined ? [] : [`cid:${contentId}`])].join(", ");
}

/** The HTML for a sandboxed frame: its policy first, and inline images (`cid:`) from the attachments. */
export function frameDocument(content: EmailContent): string {
  const images = new Map(
    content.attachments.flatMap((file) =>
      file.contentId !== undefined && /^image\/[a-z0-9.+-]+$/i.test(file.contentType)
        ? [[file.contentId, `data:${file.contentType};base64,${file.base64.replace(/[^A-Za-z0-9+/=]/g, "")}`] as const]
        : [],
    ),
  );
  const body = (content.html ?? "").replace(/\bcid:([^"'\s)>]+)/gi, (whole, id: string) => images.get(id) ?? whole);
  return `<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${framePolicy}">${body}`;
}
