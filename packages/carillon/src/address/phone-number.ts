/** E.164 (ITU-T E.164 section 6: up to 15 digits, no country code starts with 0): `+15005550006`. */
export const e164: RegExp = /^\+[1-9]\d{6,14}$/;

/**
 * Who a text message is from: an E.164 number, a short code, or an alphanumeric sender (3GPP TS 23.040 section 9.1.2.5),
 * which has up to 11 characters, and a letter, or it would be a number.
 */
export const smsSender: RegExp = /^(\+[1-9]\d{6,14}|\d{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11})$/;

/** What {@link smsSender} takes, in words. */
export const smsSenderExpectation: string =
  "an E.164 number, a short code or a sender id of up to 11 letters and digits";
