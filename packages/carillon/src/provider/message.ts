import type { MessageExtras } from "../channels/channel.ts";
import type { ProviderFailure } from "./contract.ts";
import { messageIdKey } from "./correlation.ts";
import { optionProblems, type OptionRules } from "./options.ts";

/** Path of a field of the message, and what is wrong with it, to be read on from its name; nothing where nothing is. */
export type FieldProblem = readonly [field: string, problem: string | false | undefined];

/** Refuses a message for the first of its problems, if there is one. They are known before the provider is asked. */
export function refusal(provider: string, problems: readonly FieldProblem[]): ProviderFailure | undefined {
  const [field, problem] = problems.find(([, each]) => each) ?? [];
  return problem
    ? { ok: false, kind: "invalid-message", field, detail: `${provider}: ${field} ${problem}` }
    : undefined;
}

/**
 * What no provider takes: metadata under the name that is Carillon's own, which on its way back would be taken for the id,
 * and `providerOptions.<id>` that break their rules.
 */
export function extrasProblems(id: string, message: MessageExtras, rules: OptionRules): readonly FieldProblem[] {
  return [
    [`metadata.${messageIdKey}`, Object.hasOwn(message.metadata, messageIdKey) && "is Carillon's own"],
    ...optionProblems(message.providerOptions[id], rules).map(([option, problem]): FieldProblem => [
      `providerOptions.${id}.${option}`,
      problem,
    ]),
  ];
}

/** Whether a text is longer in UTF-8. A UTF-16 unit makes at most three bytes, so most texts need no count. */
export function isOverBytes(maxBytes: number, text: string): boolean {
  return text.length > maxBytes / 3 && new TextEncoder().encode(text).length > maxBytes;
}
