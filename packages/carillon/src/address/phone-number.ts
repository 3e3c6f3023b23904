/** E.164 (ITU-T E.164 section 6: up to 15 digits, no country code starts with 0): `+15005550006`. */
export const e164: RegExp = /^\+[1-9]\d{6,14}$/;
