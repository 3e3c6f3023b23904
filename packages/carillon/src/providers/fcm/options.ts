import { readRsaPem } from "../../crypto/rsa.ts";
import { flag, optionProblems, type OptionRules } from "../../provider/options.ts";
import { matches, recordOf } from "../../provider/reading.ts";

/** What is used of a service account's JSON; the rest of the file may stand beside it. */
export interface FcmServiceAccount {
  /** Whose Firebase project the messages belong to. */
  readonly project_id: string;
  readonly client_email: string;
  /** RSA, PKCS #8 in PEM. */
  readonly private_key: string;
  readonly [other: string]: unknown;
}

export interface FcmOptions {
  /** The JSON file that Google's console gives out, as its text or parsed. */
  readonly serviceAccount: FcmServiceAccount | string;
  /** Which of several Firebase projects this is. @default "default" */
  readonly account?: string | undefined;
  /** Replaces the origins of `fcm.googleapis.com`, `iid.googleapis.com` and `oauth2.googleapis.com`, all three. */
  readonly baseUrl?: string | undefined;
}

/** `providerOptions.fcm` of a message. */
export interface FcmMessageOptions {
  /** FCM checks the message, delivers nothing, and gives it no id. */
  readonly validateOnly?: boolean | undefined;
  /** Under which FCM's statistics count the message, in the place of its tag: 1 to 50 of `A-Z a-z 0-9 - _ . ~ %`. */
  readonly analyticsLabel?: string | undefined;
}

const serviceAccountRules: OptionRules = {
  // `example.com:name` where a company has projects of its own domain.
  project_id: (value) => matches(/^[\w.:-]+$/, value) || "a project's id",
  client_email: (value) => matches(/^\S+@\S+$/, value) || "an e-mail address",
  private_key: (value) => !!readRsaPem(String(value)) || "an RSA key, PKCS #8 in PEM",
};

/** The fields that are used, of the file's text or of what it was parsed to; none of them checked. */
export function readServiceAccount(given: unknown): Readonly<Record<keyof typeof serviceAccountRules, unknown>> {
  let parsed = given;
  try {
    if (typeof given === "string") parsed = JSON.parse(given);
  } catch {
    // Then it has no fields, which is what is said of it: a parser's own words quote the text.
  }
  const { project_id, client_email, private_key } = recordOf(parsed);
  return { project_id, client_email, private_key };
}

export const factoryRules: OptionRules = {
  serviceAccount: (given) =>
    optionProblems(readServiceAccount(given), {}, serviceAccountRules)
      .map(([field, expected]) => `${field} to be ${expected}`)
      .join(", ") || true,
};

/** https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages#fcmoptions (read 2026-11-23). */
export const labelPattern: RegExp = /^[\w.~%-]{1,50}$/;
export const labelExpected = "1 to 50 of A-Z a-z 0-9 - _ . ~ %";

export const messageRules: OptionRules = {
  validateOnly: flag,
  analyticsLabel: (value) => matches(labelPattern, value) || labelExpected,
};
