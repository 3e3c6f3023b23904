import type { EmailMessage } from "../../channels/email.ts";
import type { BatchItem } from "../../provider/contract.ts";
import { recipientCount } from "../../provider/mailbox.ts";
import { isOverBytes } from "../../provider/message.ts";
import { checkSesMessage, needsRaw, toDestination, toEnvelope, toSesHeaders, toSesTags } from "./request.ts";
import type { SesBulkContent, SesBulkEmail, SesBulkEntry } from "./wire.ts";

/** Together with 50 entries below the 1 MB of a request with an inline template. */
const maxContentBytes = 450_000;
const maxEntryBytes = 10_000;

/**
 * A bulk send knows templates only. Ours is the content itself, and holds no variable.
 *
 * It could also be `{{html}}`, with each message's content as its data, and so carry any messages together. But nobody
 * says that what goes in comes out: for templates that stand in the request SES documents "simple substitutions" and no
 * more, that it does not escape HTML only for stored ones, and a message that does not render is accepted first and dropped
 * later. That would save round-trips, and no quota: SES counts recipients.
 *
 * Source: https://docs.aws.amazon.com/ses/latest/dg/send-personalized-email-api.html and send-personalized-email-advanced.html
 * (read 2026-11-23)
 */
function toBulkContent(message: EmailMessage, configurationSet: string | undefined): SesBulkContent {
  const { subject: Subject, text: Text, html: Html } = message;
  return {
    ...toEnvelope(message, configurationSet),
    DefaultContent: { Template: { TemplateContent: { Subject, Text, Html }, TemplateData: "{}" } },
  };
}

function toBulkEntry(item: BatchItem<"email">): SesBulkEntry {
  return {
    Destination: toDestination(item.message),
    ReplacementTags: toSesTags(item),
    ReplacementHeaders: toSesHeaders(item.message),
  };
}

/**
 * Messages of one key have the same content and differ in recipient, ids, metadata, tags and headers alone. What a bulk
 * send has no place for goes alone, and so does content in which SES would look for variables; whether it looks for them in
 * headers and names, nobody says.
 */
export function sesGroupKey(message: EmailMessage, configurationSet: string | undefined): string | undefined {
  // The id is not known here; a caller's own that is too long fails its batch, which is then sent one by one.
  const item = { message, messageId: "" };
  const key = JSON.stringify(toBulkContent(message, configurationSet));
  const entry = JSON.stringify(toBulkEntry(item));
  const alone =
    recipientCount(message) > 1 ||
    message.attachments.length ||
    (key + entry).includes("{{") ||
    needsRaw(message) ||
    isOverBytes(maxContentBytes, key) ||
    isOverBytes(maxEntryBytes, entry) ||
    checkSesMessage(message);
  return alone ? undefined : key;
}

/** Up to 50 messages of one {@link sesGroupKey}. */
export function toBulkEmail(items: readonly BatchItem<"email">[], configurationSet: string | undefined): SesBulkEmail {
  const [{ message }] = items as readonly [BatchItem<"email">];
  return { ...toBulkContent(message, configurationSet), BulkEmailEntries: items.map(toBulkEntry) };
}
