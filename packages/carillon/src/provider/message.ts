import type { MessageExtras } from "../channels/channel.ts";
import type { ProviderFailure } from "./contract.ts";
import { messageIdKey } from "./correlation.ts";
import { optionProblems, type OptionRules } from "./options.ts";

/** A message that the provider is known to refuse, in the words that its channel uses for one that breaks its rules. */
export function refused(field: string, expected: string): ProviderFailure {
  return { ok: false, kind: "invalid-message", field, detail: `expected ${expected}` };
}

/** Path of a field of the message, and what was expected of it. */
export type FieldProblem = readonly [field: string, expected: string];

/**
 * Refuses a message for the first of its problems, if there is one: what the provider itself found, and what no provider
 * takes. That is metadata under the name that is Carillon's own, which on its way back would be taken for the id, and
 * `providerOptions.<id>` that break their rules.
 */
export function refusal(
  id: string,
  { metadata, providerOptions }: MessageExtras,
  rules: OptionRules,
  found: Iterable<FieldProblem>,
): ProviderFailure | undefined {
  const problems: FieldProblem[] = [...found];
  if (Object.hasOwn(metadata, messageIdKey)) problems.push([`metadata.${messageIdKey}`, "another name"]);
  for (const [option, expected] of optionProblems(providerOptions[id], rules)) {
    problems.push([`providerOptions.${id}.${option}`, expected]);
  }
  return problems[0] && refused(...problems[0]);
}

/** Whether a text is longer in UTF-8. A UTF-16 unit makes at most three bytes, so most texts need no count. */
export function isOverBytes(maxBytes: number, text: string): boolean {
  return text.length > maxBytes / 3 && new TextEncoder().encode(text).length > maxBytes;
}
