/** Schemas that several channels are made of. Their patterns have no flags, so that they hold in JSON Schema too. */
import { array, maxLength, optional, pipe, record, regex, string, unknown } from "valibot";
import type { GenericSchema } from "valibot";
import type { Extras, MessageExtras } from "./channel.ts";
import type { Reject } from "./check.ts";

type Schema<T> = GenericSchema<T>;

/** Text that stands in a header or a form field: no control characters, so no line breaks either. */
export function line(minCharacters: number, maxCharacters: number): Schema<string> {
  return pipe(
    string(),
    regex(
      new RegExp(`^[ -~\\u00a0-\\uffff]{${minCharacters},${maxCharacters}}$`),
      `expected ${minCharacters} to ${maxCharacters} characters, no line breaks and no control characters`,
    ),
  );
}

/** Text with something to read in it. */
export const filledText: Schema<string> = /* @__PURE__ */ pipe(
  string(),
  regex(/\S/, "expected text that is not blank"),
);

export const httpsUrl: Schema<string> = /* @__PURE__ */ pipe(
  string(),
  regex(/^https:\/\/[\w-]+(\.[\w-]+)+(:\d+)?([/?#][!-;=?-~]*)?$/, "expected an absolute https URL, percent-encoded"),
);

/** What is handed on as it is: platform blocks, embeds, Block Kit. */
export const jsonObject: Schema<Record<string, unknown>> = /* @__PURE__ */ record(string(), unknown());

const word = /* @__PURE__ */ pipe(
  string(),
  regex(/^[A-Za-z0-9_-]{1,64}$/, "expected 1 to 64 of the characters A-Z a-z 0-9 _ -"),
);

/** The entries of {@link Extras}, to be spread into each channel's content. */
export const extras: {
  readonly metadata: Schema<Record<string, string> | undefined>;
  readonly tags: Schema<string[] | undefined>;
  readonly providerOptions: Schema<Record<string, Record<string, unknown>> | undefined>;
} = {
  metadata: /* @__PURE__ */ optional(
    record(word, pipe(string(), regex(/^[\s\S]{0,256}$/, "expected up to 256 characters"))),
  ),
  tags: /* @__PURE__ */ optional(pipe(array(word), maxLength(10))),
  providerOptions: /* @__PURE__ */ optional(record(string(), jsonObject)),
};

/** {@link Extras} with their defaults; a tag said twice is said once. */
export function fillExtras(input: Extras, reject: Reject): MessageExtras {
  if (Object.keys(input.metadata ?? {}).length > 20) reject("metadata", "expected at most 20 entries");
  return {
    metadata: input.metadata ?? {},
    tags: [...new Set(input.tags)],
    providerOptions: input.providerOptions ?? {},
  };
}
