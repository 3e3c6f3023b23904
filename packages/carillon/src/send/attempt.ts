import type {
  Asked,
  BatchItem,
  BuildContext,
  Exchange,
  Outcome,
  Provider,
  ProviderFailure,
} from "../provider/contract.ts";
import type { MaybePromise, OutboundRequest, ProviderResponse } from "../provider/request.ts";
import { cleanOutcomes } from "./clean.ts";
import { exchange, isFailure } from "./exchange.ts";
import { requestKeyOf } from "./idempotency.ts";
import { type Group, type Journey, record, type Run } from "./journey.ts";

export interface Attempted {
  /** One for each message, in order, as they have been reported. */
  readonly outcomes: readonly Outcome[];
  /** It is one failure, of the request as a whole. */
  readonly isWhole: boolean;
}

/** How a provider is asked with a single message, and with the items of a batch: in the same way. */
interface Speaker {
  buildRequest(subject: unknown, context: BuildContext): MaybePromise<OutboundRequest | ProviderFailure>;
  readResponse(response: ProviderResponse, subject: unknown): Outcome | readonly Outcome[];
}

/**
 * One try at one provider, with a single message or a batch: the request built anew, performed, read and recorded. Never
 * throws.
 */
export async function attempt(run: Run, provider: Provider, group: Group): Promise<Attempted> {
  const { core } = run;
  const { message, messageId } = group[0] as Journey;
  const requestKey = await requestKeyOf(provider, group);
  const startedAt = core.now();
  const batchSize = group.length;
  const isAlone = batchSize < 2;
  const speaker = (isAlone ? provider : provider.batch) as Speaker;
  const subject = isAlone ? message : group.map(({ message, messageId }): BatchItem => ({ message, messageId }));
  const asked: Asked<readonly Outcome[]> = {
    buildRequest: (context) => speaker.buildRequest(subject, context),
    readResponse(response) {
      const result = speaker.readResponse(response, subject);
      if (isFailure(result)) return result;
      const outcomes = [result].flat();
      // An answer that does not tell the messages apart tells nothing of any.
      if (outcomes.length !== batchSize || !outcomes.every(({ ok }) => typeof ok === "boolean")) throw new TypeError();
      return outcomes;
    },
  };
  const context: BuildContext = {
    // A batch has no message id of its own; its key names it as well.
    messageId: isAlone ? messageId : requestKey,
    idempotencyKey: requestKey,
    now: startedAt,
    token: undefined,
    cache: core.cache,
    random: core.random,
  };
  const secrets: string[] = [];
  const ask: Exchange = (asked) => exchange(run, provider, asked, context, secrets);
  const { result, status } = await (provider.authorize?.(asked, context, ask) ?? ask(asked));
  const isWhole = isFailure(result);
  const outcomes = await cleanOutcomes(isWhole ? group.map(() => result) : result, secrets, group);
  const base = {
    provider: provider.id,
    account: provider.account,
    startedAt,
    durationMs: Math.max(0, core.now().getTime() - startedAt.getTime()),
    requestKey,
    batchSize,
    status,
  };
  for (const [index, journey] of group.entries()) record(core, journey, base, outcomes[index]!);
  return { outcomes, isWhole };
}
