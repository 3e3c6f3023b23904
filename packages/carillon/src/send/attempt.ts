import type { BatchItem, BuildContext, Outcome, Provider, ProviderFailure } from "../provider/contract.ts";
import type { AttemptReport } from "../result/send-result.ts";
import { cleanOutcomes } from "./clean.ts";
import { type Asked, exchange, type Exchanged, isFailure } from "./exchange.ts";
import type { Journey } from "./journey.ts";
import type { Core } from "./options.ts";
import type { Kept } from "./recall.ts";

/** A token is renewed this much before its end, or after nine tenths of its life if that is later. */
const earlyMs = 60_000;

/** What the reports of an attempt have in common, whichever message of the request they are about. */
export type AttemptBase = Pick<
  AttemptReport,
  "provider" | "account" | "startedAt" | "durationMs" | "requestKey" | "batchSize" | "status"
>;

export interface Attempted {
  /** One for each message, in order, ready to be reported. */
  readonly outcomes: readonly Outcome[];
  /** It is one failure, of the request as a whole. */
  readonly isWhole: boolean;
  readonly base: AttemptBase;
}

/**
 * One try at one provider, with a single message or a batch: a token where it needs one, the request built anew,
 * performed and read. Never throws.
 */
export async function attempt(
  core: Core,
  provider: Provider,
  group: readonly Journey[],
  requestKey: string,
  signal: AbortSignal | undefined,
): Promise<Attempted> {
  const { id, account, authorization } = provider;
  const startedAt = core.now();
  const secrets: string[] = [];
  const items: readonly BatchItem[] = group.map(({ message, messageId }) => ({ message, messageId }));
  const asked = askFor(provider, items);
  const contextOf = (token?: string): BuildContext => ({
    // A batch has no message id of its own; its key names it as well.
    messageId: items.length > 1 ? requestKey : (items[0] as BatchItem).messageId,
    idempotencyKey: requestKey,
    now: startedAt,
    token,
    random: core.random,
    async remember(name, expiresAt, make) {
      const kept = await core.recall(`${id}:${account}:value:${name}`, async () => ({
        value: await make(),
        expiresAtMs: expiresAt.getTime(),
      }));
      return kept.value;
    },
  });
  const getToken = async (): Promise<Kept<string> | ProviderFailure> => {
    const { result } = await exchange(core, provider, authorization!, contextOf(), secrets, signal);
    if (isFailure(result)) return result;
    const lifeMs = result.expiresInSeconds * 1000;
    return { value: result.token, expiresAtMs: core.now().getTime() + Math.max(lifeMs - earlyMs, lifeMs * 0.9) };
  };

  let token: string | undefined;
  let exchanged: Exchanged<readonly Outcome[]>;
  for (;;) {
    const refused = token;
    if (authorization) {
      const kept = await core.recall(`${id}:${account}:token:${authorization.key}`, getToken, refused);
      if ("ok" in kept) {
        // Whatever became of the exchange, the message has not been sent.
        exchanged = { result: { ...kept, notAccepted: true } };
        break;
      }
      secrets.push((token = kept.value));
    }
    exchanged = await exchange(core, provider, asked, contextOf(token), secrets, signal);
    // 401 says that nothing was taken, so that one more try with a new token repeats nothing.
    if (!token || refused || exchanged.status !== 401) break;
  }

  const { result, status } = exchanged;
  const durationMs = Math.max(0, core.now().getTime() - startedAt.getTime());
  const isWhole = isFailure(result);
  return {
    outcomes: await cleanOutcomes(isWhole ? items.map(() => result) : result, secrets, group),
    isWhole,
    base: { provider: id, account, startedAt, durationMs, requestKey, batchSize: items.length, status },
  };
}

/** A message alone, or more of them as the batch that they are. */
function askFor(provider: Provider, items: readonly BatchItem[]): Asked<readonly Outcome[]> {
  const { batch } = provider;
  const { message } = items[0] as BatchItem;
  const isAlone = items.length === 1;
  return {
    buildRequest: (context) =>
      isAlone ? provider.buildRequest(message, context) : batch!.buildRequest(items, context),
    readResponse(response) {
      const result = isAlone ? provider.readResponse(response, message) : batch!.readResponse(response, items);
      if (isFailure(result)) return result;
      const outcomes = "ok" in result ? [result] : result;
      // An answer that does not tell the messages apart tells nothing of any.
      if (outcomes.length !== items.length || !outcomes.every(({ ok }) => typeof ok === "boolean"))
        throw new TypeError();
      return outcomes;
    },
  };
}
