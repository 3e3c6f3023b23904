import * as v from "valibot";
import type { Mailbox } from "../../message.ts";
import { isBase64 } from "../../wire/bytes.ts";
import { parseMailbox } from "../../wire/mailbox.ts";
import { decodeName } from "./mime.ts";
import type { BulkEntry, SendBulkEmail, SendEmail } from "./wire.ts";

// https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html, API_SendBulkEmail.html and the pages of their
// types; lengths as in https://github.com/boto/botocore botocore/data/sesv2/2019-09-27/service-2.json.
// Unlike SES, which overlooks members that it does not know, the simulator refuses them: they are mistakes.

const mailbox = v.pipe(
  v.string(),
  v.regex(/^[ -~]*$/, "Non-ASCII characters in an address: names must be encoded as in RFC 2047."),
  v.transform(parseMailbox),
  v.check((parsed) => parsed !== undefined, "Illegal address"),
  v.transform((parsed) => decodeName(parsed as Mailbox)),
);

const addresses = v.optional(v.array(mailbox), []);

const maxRecipients = 50;

const destination = v.pipe(
  v.strictObject({ ToAddresses: addresses, CcAddresses: addresses, BccAddresses: addresses }),
  v.check(
    ({ ToAddresses: to, CcAddresses: cc, BccAddresses: bcc }) => to.length + cc.length + bcc.length <= maxRecipients,
    `Recipient count exceeds ${maxRecipients}.`,
  ),
  v.check(
    ({ ToAddresses: to, CcAddresses: cc, BccAddresses: bcc }) => to.length + cc.length + bcc.length > 0,
    "There must be at least one recipient.",
  ),
);

const tagText = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9_-]{1,256}$/, "Only alphanumeric ASCII characters, '_', and '-' are allowed, up to 256."),
);
const tags = v.optional(v.array(v.strictObject({ Name: tagText, Value: tagText })), []);

/** https://docs.aws.amazon.com/ses/latest/dg/header-fields.html: those that SES sets. */
const ownHeaders =
  /^(bcc|cc|content-(disposition|type|transfer-encoding)|date|from|message-id|mime-version|reply-to|return-path|subject|to)$/i;

const header = v.pipe(
  v.strictObject({
    Name: v.pipe(
      v.string(),
      v.regex(/^[!-9;-@A-~]{1,126}$/, "A header name is 1 to 126 printable ASCII characters but ':'."),
      v.check((name) => !ownHeaders.test(name), "The header is set by SES."),
    ),
    Value: v.pipe(v.string(), v.regex(/^[ -~]{1,995}$/, "A header value is 1 to 995 printable ASCII characters.")),
  }),
  v.check(({ Name, Value }) => Name.length + Value.length <= 996, "A header has up to 996 characters."),
);
const headers = v.optional(
  v.pipe(
    v.array(header),
    v.maxLength(15, "A message has up to 15 headers."),
    v.check(
      (list) => new Set(list.map(({ Name }) => Name.toLowerCase())).size === list.length,
      "A header is there more than once.",
    ),
  ),
  [],
);

const blob = v.pipe(
  v.string(),
  v.check((text) => text === "" || isBase64(text), "The value is no base64."),
);
const shortText = v.pipe(v.string(), v.minLength(1), v.maxLength(78));
const attachments = v.optional(
  v.array(
    v.strictObject({
      RawContent: blob,
      FileName: v.pipe(v.string(), v.maxLength(255)),
      ContentType: v.optional(shortText),
      ContentDisposition: v.optional(v.picklist(["ATTACHMENT", "INLINE"])),
      ContentId: v.optional(shortText),
      ContentDescription: v.optional(v.pipe(v.string(), v.maxLength(1000))),
      ContentTransferEncoding: v.optional(v.picklist(["BASE64", "QUOTED_PRINTABLE", "SEVEN_BIT"])),
    }),
  ),
  [],
);

const charset = v.optional(v.picklist(["UTF-8", "utf-8"], "The simulator knows UTF-8 alone."));
const text = v.strictObject({ Data: v.string(), Charset: charset });
/** Without a character set, SES takes ASCII only. */
const body = v.pipe(
  text,
  v.check(({ Data, Charset }) => Charset !== undefined || isAscii(Data), "Non-ASCII characters need a Charset."),
);

function isAscii(value: string): boolean {
  // eslint-disable-next-line no-control-regex -- the whole of ASCII
  return /^[\u0000-\u007f]*$/.test(value);
}

const simple = v.strictObject({
  Subject: v.pipe(
    body,
    v.check(({ Data }) => !/[\r\n]/.test(Data), "The subject must be one line."),
  ),
  Body: v.pipe(
    v.strictObject({ Text: v.optional(body), Html: v.optional(body) }),
    v.check(({ Text, Html }) => Text !== undefined || Html !== undefined, "The body needs Text or Html."),
  ),
  Headers: headers,
  Attachments: attachments,
});

const template = v.pipe(
  v.strictObject({
    TemplateName: v.optional(v.string()),
    TemplateArn: v.optional(v.string()),
    TemplateContent: v.optional(
      v.strictObject({ Subject: v.optional(v.string()), Text: v.optional(v.string()), Html: v.optional(v.string()) }),
    ),
    TemplateData: v.optional(v.pipe(v.string(), v.maxLength(262_144))),
    Headers: headers,
    Attachments: attachments,
  }),
  v.check(
    (given) => [given.TemplateName, given.TemplateArn, given.TemplateContent].filter(Boolean).length === 1,
    "A template is named, or brings its content.",
  ),
);

const status = v.optional(v.picklist(["ENABLED", "DISABLED"]));
const named = v.optional(v.pipe(v.string(), v.minLength(1)));

/** What both operations have. */
const envelope = {
  FromEmailAddress: v.optional(mailbox),
  FromEmailAddressIdentityArn: named,
  ReplyToAddresses: addresses,
  FeedbackForwardingEmailAddress: v.optional(mailbox),
  FeedbackForwardingEmailAddressIdentityArn: named,
  ConfigurationSetName: named,
  EndpointId: named,
  TenantName: named,
  ConfigurationOverrides: v.optional(
    v.strictObject({
      Tracking: v.optional(v.strictObject({ OpenTrackingEnabled: status, ClickTrackingEnabled: status })),
    }),
  ),
};

export const sendEmail: v.GenericSchema<unknown, SendEmail> = v.strictObject({
  ...envelope,
  Destination: v.optional(destination),
  Content: v.pipe(
    v.strictObject({
      Simple: v.optional(simple),
      Raw: v.optional(v.strictObject({ Data: blob })),
      Template: v.optional(template),
    }),
    v.check(
      (content) => Object.values(content).filter(Boolean).length === 1,
      "Content is one of Simple, Raw and Template.",
    ),
  ),
  EmailTags: tags,
  ListManagementOptions: v.optional(v.strictObject({ ContactListName: v.string(), TopicName: v.optional(v.string()) })),
});

/** An entry has its own answer, so each is checked by itself. */
export const bulkEntry: v.GenericSchema<unknown, BulkEntry> = v.strictObject({
  Destination: destination,
  ReplacementTags: tags,
  ReplacementEmailContent: v.optional(
    v.strictObject({
      ReplacementTemplate: v.optional(
        v.strictObject({ ReplacementTemplateData: v.optional(v.pipe(v.string(), v.maxLength(262_144))) }),
      ),
    }),
  ),
  ReplacementHeaders: headers,
});

export const sendBulkEmail: v.GenericSchema<unknown, SendBulkEmail> = v.strictObject({
  ...envelope,
  FromEmailAddress: mailbox,
  DefaultEmailTags: tags,
  DefaultContent: v.strictObject({ Template: template }),
  BulkEmailEntries: v.pipe(
    v.array(v.unknown()),
    v.minLength(1, "There must be at least one entry."),
    v.maxLength(50, "There must be up to 50 entries."),
  ),
});
