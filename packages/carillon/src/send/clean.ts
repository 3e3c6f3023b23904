import { redactor } from "../http/redact.ts";
import { boundRetryAfterMs } from "../http/retry-after.ts";
import type { Outcome } from "../provider/contract.ts";
import type { Group } from "./journey.ts";
import { failureTable } from "./retry-policy.ts";

/** The outcomes as they may be reported: without the request's secrets, and without the addresses of any of its messages. */
export async function cleanOutcomes(
  outcomes: readonly Outcome[],
  secrets: readonly string[],
  group: Group,
): Promise<readonly Outcome[]> {
  // A success has no text.
  const redact = outcomes.every(({ ok }) => ok) ? String : await redactorFor(group, secrets);
  return outcomes.map((outcome) => {
    if (outcome.ok) {
      const { providerMessageId: id } = outcome;
      // An id is what the provider makes it: one that repeats a credential is dropped.
      const isLeak = secrets.some((secret) => secret && id?.includes(secret));
      return { ...outcome, providerMessageId: isLeak ? undefined : id };
    }
    return {
      ...outcome,
      ok: false,
      kind: Object.hasOwn(failureTable, outcome.kind) ? outcome.kind : "unexpected-response",
      detail: redact(outcome.detail),
      field: outcome.field && redact(outcome.field),
      providerCode: outcome.providerCode && redact(outcome.providerCode),
      retryAfterMs: boundRetryAfterMs(outcome.retryAfterMs),
    };
  });
}

/** Scrubs the secrets, and whatever the addresses of the messages hold. Never rejects. */
export async function redactorFor(group: Group, secrets: readonly string[] = []): Promise<(text: unknown) => string> {
  try {
    const addresses = await Promise.all(group.map(async ({ channel, message }) => channel.addresses(message)));
    return redactor([...secrets, ...addresses.flat().flatMap(({ secrets }) => secrets)]);
  } catch {
    // Addresses that cannot be told cannot be scrubbed, so that then nothing of the text is shown.
    return () => "[redacted]";
  }
}
