/** Rules that several channels share. */
import type { Extras, MessageExtras } from "./definition.ts";
import type { Reject } from "./check.ts";
import { isObject, list, optional, record, text, value } from "../rule/rules.ts";
import type { Rule } from "../rule/rule.ts";

/** Text that stands in a header or a form field: no control characters, so no line breaks either. */
// @__NO_SIDE_EFFECTS__
export function line(minCharacters: number, maxCharacters: number): Rule<string> {
  return text(
    `one line of ${minCharacters} to ${maxCharacters} characters`,
    new RegExp(`^[ -~\\u00a0-\\uffff]{${minCharacters},${maxCharacters}}$`),
  );
}

/** Text with something to read in it. */
export const filledText: Rule<string> = text("text that is not blank", /\S/);

export const httpsUrl: Rule<string> = text(
  "an https URL, percent-encoded",
  /^https:\/\/[\w-]+(\.[\w-]+)+(:\d+)?([/?#][!-;=?-~]*)?$/,
  (input) => URL.canParse(input),
);

/** What is handed on as it is: platform blocks, embeds, Block Kit. */
export const jsonObject: Rule<Record<string, unknown>> = value("an object", isObject);

const word = text("1 to 64 of A-Z a-z 0-9 _ -", /^[A-Za-z0-9_-]{1,64}$/);

/** The entries of {@link Extras}, to be spread into each channel's content. */
export const extras: {
  readonly metadata: Rule<Record<string, string> | undefined>;
  readonly tags: Rule<string[] | undefined>;
  readonly providerOptions: Rule<Record<string, Record<string, unknown>> | undefined>;
} = {
  metadata: optional(record(word, text("at most 256 characters", /^[\s\S]{0,256}$/))),
  tags: optional(list(word, 10)),
  providerOptions: optional(record(word, jsonObject)),
};

/** {@link Extras} with their defaults; a tag said twice is said once. */
export function fillExtras({ metadata = {}, tags, providerOptions = {} }: Extras, reject: Reject): MessageExtras {
  if (Object.keys(metadata).length > 20) reject("metadata", "at most 20 entries");
  return { metadata: { ...metadata }, tags: [...new Set(tags)], providerOptions };
}
