import type { Mailbox } from "../../message.ts";

/** What the simulator reads of a request to SES, after `schema.ts` has checked it. Lists that are absent are empty. */

export interface Destination {
  readonly ToAddresses: readonly Mailbox[];
  readonly CcAddresses: readonly Mailbox[];
  readonly BccAddresses: readonly Mailbox[];
}

export interface Entry {
  readonly Name: string;
  readonly Value: string;
}

export interface File {
  readonly FileName: string;
  /** Base64. */
  readonly RawContent: string;
  readonly ContentType?: string | undefined;
  readonly ContentId?: string | undefined;
}

/** What content has beside its texts. */
export interface Extras {
  readonly Headers: readonly Entry[];
  readonly Attachments: readonly File[];
}

interface Text {
  readonly Data: string;
}

export interface Simple extends Extras {
  readonly Subject: Text;
  readonly Body: { readonly Text?: Text | undefined; readonly Html?: Text | undefined };
}

export interface Template extends Extras {
  /** Absent where the template is one that is stored. */
  readonly TemplateContent?:
    | {
        readonly Subject?: string | undefined;
        readonly Text?: string | undefined;
        readonly Html?: string | undefined;
      }
    | undefined;
  /** JSON. */
  readonly TemplateData?: string | undefined;
}

interface Envelope {
  readonly ReplyToAddresses: readonly Mailbox[];
  readonly ConfigurationSetName?: string | undefined;
}

export interface SendEmail extends Envelope {
  readonly FromEmailAddress?: Mailbox | undefined;
  readonly Destination?: Destination | undefined;
  /** One of them. */
  readonly Content: {
    readonly Simple?: Simple | undefined;
    readonly Raw?: { readonly Data: string } | undefined;
    readonly Template?: Template | undefined;
  };
  readonly EmailTags: readonly Entry[];
}

export interface BulkEntry {
  readonly Destination: Destination;
  readonly ReplacementTags: readonly Entry[];
  readonly ReplacementHeaders: readonly Entry[];
  readonly ReplacementEmailContent?:
    | { readonly ReplacementTemplate?: { readonly ReplacementTemplateData?: string | undefined } | undefined }
    | undefined;
}

export interface SendBulkEmail extends Envelope {
  readonly FromEmailAddress: Mailbox;
  readonly DefaultEmailTags: readonly Entry[];
  readonly DefaultContent: { readonly Template: Template };
  /** Each a {@link BulkEntry}, if it is one. */
  readonly BulkEmailEntries: readonly unknown[];
}
