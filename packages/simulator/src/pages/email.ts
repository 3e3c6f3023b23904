import { html } from "hono/html";
import type { Attachment, EmailContent, Mailbox } from "../message.ts";
import type { Markup } from "./layout.ts";

/** Holds inside the frame, whatever the page around it allows: no scripts, nothing from elsewhere. */
const framePolicy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

/** What an email says, as its recipient would see it, then as text. */
export function emailContent(content: EmailContent): Markup {
  return html`${
    content.html === undefined
      ? ""
      : html`<section class="card">
          <h2>HTML</h2>
          <iframe sandbox="" title="The message as its recipient sees it" srcdoc="${frameDocument(content)}"></iframe>
        </section>`
  }
  ${
    content.text === undefined
      ? ""
      : html`<section class="card">
          <h2>Plain text</h2>
          <pre>${content.text}</pre>
        </section>`
  }
  ${
    content.attachments.length === 0
      ? ""
      : html`<section class="card">
          <h2>Attachments</h2>
          <ul class="files">
            ${content.attachments.map(
              (file) =>
                html`<li>
                  ${file.filename}
                  <span
                    >${file.contentType},
                    ${size(file)}${file.contentId === undefined ? "" : `, cid:${file.contentId}`}</span
                  >
                </li>`,
            )}
          </ul>
        </section>`
  }`;
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
  return html`<section class="card">
      <h2>Envelope</h2>
      <dl>
        ${lists
          .filter(([, mailboxes]) => mailboxes.length > 0)
          .map(
            ([name, mailboxes]) =>
              html`<dt>${name}</dt>
                <dd>${mailboxes.map(mailboxText).join(", ")}</dd>`,
          )}
      </dl>
    </section>
    ${
      content.headers.length === 0
        ? ""
        : html`<section class="card">
            <h2>Headers</h2>
            <dl class="wide">
              ${content.headers.map(
                ([name, value]) =>
                  html`<dt>${name}</dt>
                    <dd>${value}</dd>`,
              )}
            </dl>
          </section>`
    }`;
}

function mailboxText({ email, name }: Mailbox): string {
  return name === undefined ? email : `${name} <${email}>`;
}

function size({ base64 }: Attachment): string {
  const bytes = Math.floor((base64.replace(/[=\s]/g, "").length * 3) / 4);
  return bytes < 1024 ? `${bytes} bytes` : `${(bytes / 1024).toFixed(1)} kB`;
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
