import type { BuildContext, Provider, ProviderFailure } from "./contract.ts";
import { createRecall, type Kept } from "./recall.ts";
import type { MaybePromise, OutboundRequest, ProviderResponse } from "./request.ts";

/** A token is renewed this much before its end, or after nine tenths of its life if that is later. */
const earlyMs = 60_000;

export interface TokenExchange extends Pick<Provider, "id" | "account"> {
  /** Tells tokens of one account apart: the scope, for instance. */
  readonly key: string;
  buildRequest(context: BuildContext): MaybePromise<OutboundRequest | ProviderFailure>;
  readResponse(
    response: ProviderResponse,
  ): { readonly ok: true; readonly token: string; readonly expiresInSeconds: number } | ProviderFailure;
}

/**
 * Makes the `authorize` of a provider whose requests carry a token that another request gets. The token is in the context
 * of `buildRequest`, and is scrubbed from reports like the request's own secrets. It is kept until shortly before its
 * end; a 401 drops it and tries once more, within the same attempt.
 */
export function tokenExchange(options: TokenExchange): NonNullable<Provider["authorize"]> {
  const recall = createRecall(options);
  return async (asked, context, exchange) => {
    const getToken = async (): Promise<Kept<string> | ProviderFailure> => {
      const { result } = await exchange(options);
      if (!result.ok) return result;
      const lifeMs = result.expiresInSeconds * 1000;
      return {
        value: result.token,
        expiresAtMs: context.now.getTime() + Math.max(lifeMs - earlyMs, lifeMs * 0.9),
      };
    };
    for (let refused: string | undefined; ;) {
      const kept = await recall(context, `token:${options.key}`, getToken, refused);
      // Whatever became of the exchange, the message has not been sent.
      if (!("value" in kept)) return { result: { ...kept, notAccepted: true } };
      const token = kept.value;
      const exchanged = await exchange({
        ...asked,
        async buildRequest(given) {
          const request = await asked.buildRequest({ ...given, token });
          return "ok" in request ? request : { ...request, secrets: [...request.secrets, token] };
        },
      });
      // 401 says that nothing was taken, so that one more try with a new token repeats nothing. Read as anything but
      // `unauthorized`, it is about other credentials than the token.
      const { kind } = exchanged.result as Partial<ProviderFailure>;
      if (refused !== undefined || exchanged.status !== 401 || kind !== "unauthorized") return exchanged;
      refused = token;
    }
  };
}
