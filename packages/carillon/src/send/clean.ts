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
  // Addresses that cannot be told cannot be scrubbed, so that then nothing of the provider's text is shown.
  let redact = (_: unknown): string => "[redacted]";
  try {
    const addresses = [];
    // A success has no text.
    if (!outcomes.every(({ ok }) => ok)) {
      for (const { channel, message } of group) addresses.push(...(await channel.addresses(message)));
    }
    redact = redactor([...secrets, ...addresses.flatMap(({ secrets }) => secrets)]);
  } catch {}
  return outcomes.map((outcome) => {
    if (outcome.ok) {
      const { providerMessageId: id } = outcome;
      // An id is what the provider makes it: one that repeats a credential is dropped.
      const isLeak = secrets.some((secret) => secret && id?.includes(secret));
      return { ok: true, providerMessageId: isLeak ? undefined : id };
    }
    const { kind, detail, field, providerCode, retryAfterMs } = outcome;
    return {
      ...outcome,
      ok: false,
      kind: Object.hasOwn(failureTable, kind) ? kind : "unexpected-response",
      detail: redact(detail),
      field: field && redact(field),
      providerCode: providerCode && redact(providerCode),
      retryAfterMs: boundRetryAfterMs(retryAfterMs),
    };
  });
}
