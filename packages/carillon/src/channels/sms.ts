import type { Extras, MessageExtras } from "./channel.ts";

export interface SmsInput extends Extras {
  readonly channel: "sms";
  /** E.164: `+15005550006`. */
  readonly to: string;
  /** E.164 number, alphanumeric sender id (up to 11) or short code; the provider's own sender when absent. */
  readonly from?: string | undefined;
  readonly text: string;
  /** https URLs of pictures or other media (MMS), at most 10. */
  readonly mediaUrls?: readonly string[] | undefined;
  /** How long the carrier may try, in seconds, 1 to 36,000. */
  readonly validitySeconds?: number | undefined;
}

export interface SmsMessage extends MessageExtras {
  readonly channel: "sms";
  readonly to: string;
  readonly from?: string | undefined;
  readonly text: string;
  readonly mediaUrls: readonly string[];
  readonly validitySeconds?: number | undefined;
}
