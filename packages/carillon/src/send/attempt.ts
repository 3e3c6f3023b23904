import type { BatchItem, BuildContext, Outcome, Provider, ProviderFailure } from "../provider/contract.ts";
import type { MaybePromise, OutboundRequest, ProviderResponse } from "../provider/request.ts";
import type { AttemptReport } from "../result/send-result.ts";
import { cleanOutcomes } from "./clean.ts";
import { exchange, type Exchanged, isFailure } from "./exchange.ts";
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
  const contextOf = (token?: string): BuildContext => ({
    // A batch has no message id of its own; its key names it as well.
    messageId: items.length > 1 ? requestKey : (items[0] as BatchItem).messageId,
    idempotencyKey: requestKey,
    now: startedAt,
    token,
    random: core.random,
    async remember(name, expiresAt, make) {
      const keep = async (): Promise<Kept<Awaited<ReturnType<typeof make>>>> => ({
        value: await make(),
        expiresAtMs: expiresAt.getTime(),
      });
      return (await core.recall(`${id}:${account}:value:${name}`, keep)).value;
    },
  });
  const getToken = async (): Promise<Kept<string> | ProviderFailure> => {
    const build = (): MaybePromise<OutboundRequest> => authorization!.buildRequest(contextOf());
    const { result } = await exchange(core, provider, build, authorization!.readResponse, secrets, signal);
    if (!result.ok) return result;
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
    const build = () => buildRequest(provider, items, contextOf(token));
    const read = (response: ProviderResponse) => readResponse(provider, items, response);
    exchanged = await exchange(core, provider, build, read, secrets, signal);
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

function buildRequest(
  provider: Provider,
  items: readonly BatchItem[],
  context: BuildContext,
): MaybePromise<OutboundRequest | ProviderFailure> {
  return items.length > 1
    ? provider.batch!.buildRequest(items, context)
    : provider.buildRequest((items[0] as BatchItem).message, context);
}

/** One outcome for each message, or one failure for all. Throws for an answer that does not tell them apart. */
function readResponse(
  provider: Provider,
  items: readonly BatchItem[],
  response: ProviderResponse,
): readonly Outcome[] | ProviderFailure {
  const result =
    items.length > 1
      ? provider.batch!.readResponse(response, items)
      : provider.readResponse(response, (items[0] as BatchItem).message);
  if (isFailure(result)) return result;
  const outcomes = "ok" in result ? [result] : result;
  if (outcomes.length !== items.length || !outcomes.every(({ ok }) => typeof ok === "boolean")) throw new TypeError();
  return outcomes;
}
