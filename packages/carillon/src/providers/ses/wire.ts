import type { Tag } from "../../text/tags.ts";

/**
 * What travels to SES. https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html and API_SendBulkEmail.html
 * (read 2026-11-23).
 */

export interface SesText {
  readonly Data: string;
  readonly Charset: "UTF-8";
}

export interface SesHeader {
  /** Up to 126 characters. */
  readonly Name: string;
  /** 1 to 995 characters of printable ASCII, and up to 996 with the name. */
  readonly Value: string;
}

/** As in {@link Tag}, up to 256 characters each. */
export interface SesTag {
  readonly Name: Tag["name"];
  readonly Value: Tag["value"];
}

export interface SesAttachment {
  /** Base64. */
  readonly RawContent: string;
  readonly FileName: string;
  /** 1 to 78 characters. */
  readonly ContentType: string;
  readonly ContentDisposition: "ATTACHMENT" | "INLINE";
  /** 1 to 78 characters, without angle brackets. */
  readonly ContentId?: string | undefined;
  /** Of the mail that SES makes; its default is `SEVEN_BIT`, which bytes do not survive. */
  readonly ContentTransferEncoding: "BASE64";
}

/** Up to 50 addresses together. */
export interface SesDestination {
  readonly ToAddresses?: readonly string[] | undefined;
  readonly CcAddresses?: readonly string[] | undefined;
  readonly BccAddresses?: readonly string[] | undefined;
}

export interface SesSimpleContent {
  readonly Subject: SesText;
  readonly Body: { readonly Text: SesText; readonly Html?: SesText | undefined };
  /** Up to 15. */
  readonly Headers?: readonly SesHeader[] | undefined;
  readonly Attachments?: readonly SesAttachment[] | undefined;
}

/** What a send and a bulk send both have. */
export interface SesEnvelope {
  readonly FromEmailAddress: string;
  readonly FromEmailAddressIdentityArn?: unknown;
  readonly ReplyToAddresses?: readonly string[] | undefined;
  readonly ConfigurationSetName?: unknown;
}

export interface SesEmail extends SesEnvelope {
  readonly Destination: SesDestination;
  readonly Content:
    | { readonly Simple: SesSimpleContent }
    /** Base64 of a MIME message. */
    | { readonly Raw: { readonly Data: string } };
  readonly EmailTags: readonly SesTag[];
}

/** What all messages of a bulk send have in common. */
export interface SesBulkContent extends SesEnvelope {
  readonly DefaultContent: {
    readonly Template: {
      readonly TemplateContent: {
        readonly Subject: string;
        readonly Text: string;
        readonly Html?: string | undefined;
      };
      /** JSON. */
      readonly TemplateData: string;
    };
  };
}

export interface SesBulkEntry {
  readonly Destination: SesDestination;
  readonly ReplacementTags: readonly SesTag[];
  readonly ReplacementHeaders?: readonly SesHeader[] | undefined;
}

export interface SesBulkEmail extends SesBulkContent {
  /** Up to 50. */
  readonly BulkEmailEntries: readonly SesBulkEntry[];
}
