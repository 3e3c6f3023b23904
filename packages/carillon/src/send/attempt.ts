import { perform } from "../http/perform.ts";
import { retryAfterMs } from "../http/retry-after.ts";
import type { BuildContext, ProviderFailure } from "../provider/contract.ts";
import type { MaybePromise, OutboundRequest, ProviderResponse } from "../provider/request.ts";
import type { Lane, Token } from "./lane.ts";
import type { Core } from "./options.ts";
import { failureTable } from "./retry-policy.ts";

/** One request, as a single message or a batch makes and reads it. `T` is what a success is read as. */
export interface Exchange<T> {
  readonly messageId: string;
  /** As long as the provider takes. */
  readonly requestKey: string;
  build(context: BuildContext): MaybePromise<OutboundRequest | ProviderFailure>;
  read(response: ProviderResponse): T | ProviderFailure;
}

/** What came of an attempt. A failure's texts are still the provider's own: redact them before they are reported. */
export interface Attempted<T> {
  readonly result: T | ProviderFailure;
  /** The request was started. */
  readonly inFlight: boolean;
  readonly status: number | undefined;
  /** Of all requests that were made for it. */
  readonly secrets: readonly string[];
  readonly startedAt: Date;
  readonly durationMs: number;
}

type Step<T> = Omit<Attempted<T>, "startedAt" | "durationMs">;

/** One try at one provider: a token where it needs one, the request built anew, performed and read. Never throws. */
export async function attempt<T extends object>(
  core: Core,
  lane: Lane,
  exchange: Exchange<T>,
  signal: AbortSignal | undefined,
): Promise<Attempted<T>> {
  const startedAt = core.now();
  const secrets: string[] = [];
  let step: Step<T>;
  for (let renewed = false; ; renewed = true) {
    const token = lane.provider.authorization && (await authorize(core, lane, exchange, secrets, signal));
    if (typeof token === "object") {
      step = { result: token, inFlight: false, status: undefined, secrets };
      break;
    }
    if (token !== undefined) secrets.push(token);
    const context = contextOf(core, lane, exchange, startedAt, token);
    step = await request(core, lane, () => exchange.build(context), exchange.read, secrets, signal);
    // 401 says that nothing was taken, so that one more try with a new token repeats nothing.
    if (renewed || token === undefined || step.status !== 401) break;
    await lane.forgetToken(token);
  }
  return { ...step, startedAt, durationMs: Math.max(0, core.now().getTime() - startedAt.getTime()) };
}

/** The token, or why there is none; whatever that was, the message has not been sent. */
async function authorize(
  core: Core,
  lane: Lane,
  exchange: Exchange<object>,
  secrets: string[],
  signal: AbortSignal | undefined,
): Promise<string | ProviderFailure> {
  const { authorization } = lane.provider;
  const token = await lane.token(core.now, async () => {
    const context = contextOf(core, lane, exchange, core.now(), undefined);
    const build = (): MaybePromise<OutboundRequest> => authorization!.buildRequest(context);
    const read = (response: ProviderResponse): Token | ProviderFailure => authorization!.readResponse(response);
    return (await request<Token>(core, lane, build, read, secrets, signal)).result;
  });
  return typeof token === "string" ? token : { ...token, notAccepted: true };
}

function contextOf(
  core: Core,
  lane: Lane,
  exchange: Exchange<object>,
  now: Date,
  token: string | undefined,
): BuildContext {
  const { messageId, requestKey: idempotencyKey } = exchange;
  return { messageId, idempotencyKey, now, token, random: core.random, remember: lane.remember };
}

async function request<T extends object>(
  core: Core,
  lane: Lane,
  build: () => MaybePromise<OutboundRequest | ProviderFailure>,
  read: (response: ProviderResponse) => T | ProviderFailure,
  secrets: string[],
  signal: AbortSignal | undefined,
): Promise<Step<T>> {
  let built: OutboundRequest | ProviderFailure;
  try {
    built = await build();
    if (!("ok" in built)) secrets.push(...built.secrets);
  } catch {
    // What was thrown is dropped: it may hold a secret.
    built = failure("unavailable", "The request could not be built: the provider's code or a secret's function threw");
  }
  if ("ok" in built) return { result: { ...built, notAccepted: true }, inFlight: false, status: undefined, secrets };
  const { fetch, timeoutMs } = core;
  const performed = await perform(built, { fetch, timeoutMs, signal, baseUrl: lane.provider.baseUrl });
  if (!performed.ok) {
    const { inFlight, status, kind, detail } = performed;
    const result: ProviderFailure = { ok: false, kind, detail, notAccepted: inFlight ? undefined : true };
    return { result, inFlight, status, secrets };
  }
  const { response } = performed;
  return { result: readGuarded(core, read, response), inFlight: true, status: response.status, secrets };
}

function readGuarded<T extends object>(
  core: Core,
  read: (response: ProviderResponse) => T | ProviderFailure,
  response: ProviderResponse,
): T | ProviderFailure {
  const { status, headers } = response;
  try {
    const result = read(response);
    if (!isFailure(result)) {
      if (status >= 200 && (status < 300 || status >= 400)) return result;
      return failure("unexpected-response", `The answer was a redirect (status ${status}), which is not followed`);
    }
    if (result.retryAfterMs !== undefined || failureTable[result.kind].retry === "no") return result;
    return { ...result, retryAfterMs: retryAfterMs(headers.get("retry-after"), core.now().getTime()) };
  } catch {
    return failure("unexpected-response", `The provider's code could not read the answer, whose status was ${status}`);
  }
}

/** Whether what was read is one failure for all that the request carried. */
export function isFailure(result: object): result is ProviderFailure {
  return "ok" in result && result.ok === false;
}

/** A failure in the core's own words. */
export function failure(kind: ProviderFailure["kind"], detail: string): ProviderFailure {
  return { ok: false, kind, detail };
}
