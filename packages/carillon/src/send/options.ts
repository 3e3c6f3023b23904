import { ConfigurationError } from "../error/errors.ts";
import { within } from "../http/within.ts";
import type { Provider } from "../provider/contract.ts";
import { optionProblems, type OptionRules, record } from "../provider/options.ts";
import { recordOf } from "../provider/reading.ts";
import { oneOf, value as rule, whole } from "../rule/rules.ts";
import type { Config, NotifierOptions } from "./config.ts";

/** What is filled in where it is absent. */
type Filled =
  | "guard"
  | "attempts"
  | "maxWaitMs"
  | "timeoutMs"
  | "onUnknown"
  | "concurrency"
  | "now"
  | "random"
  | "sleep";

/** The options, filled in, and the providers of each channel in the order in which they are asked. */
export interface Core
  extends
    Required<{ readonly [K in Filled]: NonNullable<NotifierOptions[K]> }>,
    Pick<NotifierOptions, "onAttempt" | "fetch" | "cache"> {
  readonly defaults: Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>;
  readonly providers: ReadonlyMap<unknown, readonly Provider[]>;
}

/** The longest delay that timers have; a longer one would fire at once. */
const maxTimerMs = 2_147_483_647;

const fallbacks: Pick<Core, Filled | "defaults"> = {
  guard: "live",
  attempts: 3,
  maxWaitMs: 10_000,
  timeoutMs: 15_000,
  onUnknown: "hold",
  concurrency: 6,
  defaults: {},
  now: () => new Date(),
  random: (length) => crypto.getRandomValues(new Uint8Array(length)),
  sleep: within,
};

const isFunction = (value: unknown): boolean => typeof value === "function";
const callable = /* @__PURE__ */ rule("a function", isFunction);

const rules: OptionRules = {
  guard: /* @__PURE__ */ rule('"live" or a function', (value) => value === "live" || isFunction(value)),
  attempts: /* @__PURE__ */ whole(1, 100),
  maxWaitMs: /* @__PURE__ */ whole(0, maxTimerMs),
  timeoutMs: /* @__PURE__ */ whole(1, maxTimerMs),
  onUnknown: /* @__PURE__ */ oneOf("hold", "resend"),
  concurrency: /* @__PURE__ */ whole(1, 10_000),
  defaults: record,
  cache: record,
  onAttempt: callable,
  fetch: callable,
  now: callable,
  random: callable,
  sleep: callable,
} satisfies Readonly<Record<keyof NotifierOptions, unknown>>;

/** Checks everything and fills in what is absent. Throws one {@link ConfigurationError} with all problems. */
export function resolveOptions(config: Config): Core {
  const problems: string[] = [];
  const expect = (option: string, expected: string): unknown => problems.push(`${option}: expected ${expected}`);
  const providers = new Map<unknown, readonly Provider[]>();
  const accounts = new Set<string>();
  const options: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(recordOf(config))) {
    if (!Array.isArray(value) || value.length === 0) {
      if (typeof value === "object" && !Object.hasOwn(rules, name)) expect(name, "a list of providers");
      else if (value !== undefined) options[name] = value;
      continue;
    }
    providers.set(name, value as readonly Provider[]);
    for (const [index, provider] of value.entries()) {
      const { id, account, channel, buildRequest } = recordOf(provider) as Partial<Provider>;
      const lane = `${id}:${account}`;
      if (channel?.id !== name || !isFunction(buildRequest)) expect(`${name}.${index}`, `a provider for ${name}`);
      else if (accounts.has(lane)) expect(`${name}.${index}`, `another account than ${lane}`);
      else accounts.add(lane);
    }
  }
  if (providers.size === 0) expect("createNotifier", "a list of providers for a channel");
  for (const [option, expected] of optionProblems(options, rules)) expect(option, expected);
  if (problems.length > 0) throw new ConfigurationError("createNotifier", problems);
  return { ...fallbacks, ...options, providers } as Core;
}
