import type { MessageExtras } from "../channels/channel.ts";
import type { ProviderFailure } from "./contract.ts";
import { messageIdKey } from "./correlation.ts";
import { optionProblems, type OptionRules } from "./options.ts";

/** A message that the provider is known to refuse, in the words that its channel uses for one that breaks its rules. */
export function refused(field: string, expected: string): ProviderFailure {
  return { ok: false, kind: "invalid-message", field, detail: `expected ${expected}` };
}

/** Notes what was expected of a field; the first note is the one that the caller gets. */
export type Reject = (field: string, expected: string) => void;

/**
 * Refuses what the provider's own rules in `check` reject, and then what no provider takes: metadata under the name that
 * is Carillon's own, which on its way back would be taken for the id, and `providerOptions.<id>` that break their rules.
 */
export function checkMessage(
  id: string,
  message: MessageExtras,
  rules: OptionRules,
  check: (reject: Reject) => void,
): ProviderFailure | undefined {
  let refusal: ProviderFailure | undefined;
  const reject: Reject = (field, expected) => {
    refusal ??= refused(field, expected);
  };
  check(reject);
  const { metadata, providerOptions } = message;
  if (Object.hasOwn(metadata, messageIdKey)) reject(`metadata.${messageIdKey}`, "no name of Carillon's own");
  for (const [option, expected] of optionProblems(providerOptions[id], rules)) {
    reject(`providerOptions.${id}.${option}`, expected);
  }
  return refusal;
}

/** Whether a text is longer in UTF-8. A UTF-16 unit makes at most three bytes, so most texts need no count. */
export function isOverBytes(maxBytes: number, text: string): boolean {
  return text.length > maxBytes / 3 && new TextEncoder().encode(text).length > maxBytes;
}
