import { html } from "hono/html";
import type { SmsContent } from "../message.ts";
import { placeholder } from "./inline-markup.ts";
import { card, definitions, join, type Markup } from "./layout.ts";

/** What a segment holds: 3GPP TS 23.040, 140 octets, of which the header of a concatenated message takes 6 (7 septets). */
const capacity: Readonly<Record<SmsContent["encoding"], string>> = {
  "GSM-7": "160 alone, 153 each when there are several",
  "UCS-2": "70 alone, 67 each when there are several",
};

/** A bubble on a phone, with the segments that the text travels in. */
export function smsContent(content: SmsContent): Markup {
  const several = content.segments.length > 1;
  const said = several ? join(content.segments.map(segment)) : html`${content.text}`;
  return card(
    "As its recipient sees it",
    html`<div class="phone">
        <p class="phone-from">${content.from}</p>
        ${content.mediaUrls.map((url) => html`<div class="bubble media">${placeholder("Media", url)}</div>`)}
        ${content.text === "" ? "" : html`<div class="bubble"><span class="said">${said}</span></div>`}
      </div>
      <p class="caption">
        <b>${several ? `${content.segments.length} segments` : "1 segment"}</b>, ${content.encoding}
        (${capacity[content.encoding]}), ${content.text.length} characters
      </p>`,
  );
}

function segment(text: string, index: number): Markup {
  return html`<span class="segment" title="Segment ${index + 1}">${text}<sup>${index + 1}</sup></span>`;
}

export function smsEnvelope(content: SmsContent): Markup {
  return card(
    "Envelope",
    definitions([
      ["From", content.from],
      ["To", content.to],
      ["Encoding", content.encoding],
      ["Segments", String(content.segments.length)],
    ]),
  );
}
