import { flag, type OptionRules, positive, record, secret, secrets, text } from "../../provider/options.ts";
import { matches } from "../../provider/reading.ts";
import type { Secret } from "../../provider/request.ts";

export interface SendGridOptions {
  /** `SG....`, with the scope `mail.send`. */
  readonly apiKey: Secret;
  /** Which of several SendGrid accounts this is. @default "default" */
  readonly account?: string | undefined;
  /** Replaces `https://api.sendgrid.com`; `https://api.eu.sendgrid.com` for EU subusers. */
  readonly baseUrl?: string | undefined;
}

export interface SendGridWebhookOptions {
  /** The verification key of the signed event webhook, base64 of its SPKI (`MFkw...`); several while it rotates. */
  readonly publicKey: string | readonly string[];
}

/** `providerOptions.sendgrid` of a message. */
export interface SendGridMessageOptions {
  /** A dynamic template (`d-...`), which then makes the content instead of `html` and `text`. */
  readonly templateId?: string | undefined;
  /** JSON for the template. */
  readonly dynamicTemplateData?: Readonly<Record<string, unknown>> | undefined;
  /** Unsubscribe group. */
  readonly asmGroupId?: number | undefined;
  /** 2 to 64 characters. */
  readonly ipPoolName?: string | undefined;
  /** SendGrid checks the request, sends nothing and tells nothing more of it. */
  readonly sandbox?: boolean | undefined;
  readonly trackOpens?: boolean | undefined;
  readonly trackClicks?: boolean | undefined;
}

export const factoryRules: OptionRules = { apiKey: secret };

export const webhookRules: OptionRules = { publicKey: secrets };

export const messageRules: OptionRules = {
  templateId: text,
  dynamicTemplateData: record,
  asmGroupId: positive,
  ipPoolName: (value) => matches(/^.{2,64}$/s, value) || "2 to 64 characters",
  sandbox: flag,
  trackOpens: flag,
  trackClicks: flag,
};
