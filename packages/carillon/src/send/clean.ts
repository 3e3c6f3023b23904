import type { Address } from "../channels/channel.ts";
import { redactor } from "../http/redact.ts";
import { boundRetryAfterMs } from "../http/retry-after.ts";
import type { Outcome, ProviderFailure } from "../provider/contract.ts";
import type { Journey } from "./journey.ts";
import { failureTable } from "./retry-policy.ts";

/** The outcomes as they may be reported: without the request's secrets, and without the addresses of any of its messages. */
export async function cleanOutcomes(
  outcomes: readonly Outcome[],
  secrets: readonly string[],
  group: readonly Journey[],
): Promise<readonly Outcome[]> {
  // Asked for at the first failure: a success has no text.
  let redact: Redact | undefined;
  const clean: Outcome[] = [];
  for (const outcome of outcomes) {
    if (outcome.ok) {
      const { providerMessageId: id } = outcome;
      // An id is what the provider makes it: one that repeats a credential is dropped.
      const isLeak = secrets.some((secret) => secret && id?.includes(secret));
      clean.push({ ok: true, providerMessageId: isLeak ? undefined : id });
    } else {
      clean.push(cleanFailure(outcome, (redact ??= await redactorOf(secrets, group))));
    }
  }
  return clean;
}

type Redact = ReturnType<typeof redactor>;

async function redactorOf(secrets: readonly string[], group: readonly Journey[]): Promise<Redact> {
  try {
    const all = [...secrets];
    for (const { channel, message } of group) all.push(...secretsOf(await channel.addresses(message)));
    return redactor(all);
  } catch {
    // Addresses that cannot be told cannot be scrubbed, so that then nothing of the provider's text is shown.
    return () => "[redacted]";
  }
}

export function secretsOf(addresses: readonly Address[]): string[] {
  return addresses.flatMap(({ secrets }) => secrets);
}

function cleanFailure(failure: ProviderFailure, redact: Redact): ProviderFailure {
  const { kind, detail, field, providerCode } = failure;
  return {
    ...failure,
    kind: Object.hasOwn(failureTable, kind) ? kind : "unexpected-response",
    retryAfterMs: boundRetryAfterMs(failure.retryAfterMs),
    detail: redact(detail),
    field: field && redact(field),
    providerCode: providerCode && redact(providerCode),
  };
}
