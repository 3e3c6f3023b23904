import { ConfigurationError } from "../error/errors.ts";
import { within } from "../http/within.ts";
import type { Provider } from "../provider/contract.ts";
import type { Config, NotifierOptions } from "./config.ts";
import { createRecall, mapCache, type Recall } from "./recall.ts";

/** What is filled in. */
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
export interface Core extends Required<{ readonly [K in Filled]: NonNullable<NotifierOptions[K]> }> {
  readonly onAttempt: NotifierOptions["onAttempt"];
  readonly fetch: NotifierOptions["fetch"];
  readonly defaults: Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>;
  readonly recall: Recall;
  readonly providers: ReadonlyMap<unknown, readonly Provider[]>;
}

/** What an option is when it is not given, and what it must be when it is. */
type Rule = readonly [fallback: unknown, expected: string, holds: (value: unknown) => boolean];

/** The longest delay that timers have; a longer one would fire at once. */
const maxTimerMs = 2_147_483_647;

const rules: Readonly<Record<keyof NotifierOptions, Rule>> = {
  guard: ["live", '"live" or a function', (value) => value === "live" || isFunction(value)],
  attempts: /* @__PURE__ */ whole(3, 1, 100),
  maxWaitMs: /* @__PURE__ */ whole(10_000, 0, maxTimerMs),
  timeoutMs: /* @__PURE__ */ whole(15_000, 1, maxTimerMs),
  onUnknown: ["hold", '"hold" or "resend"', (value) => value === "hold" || value === "resend"],
  concurrency: /* @__PURE__ */ whole(6, 1, 10_000),
  cache: [
    undefined,
    "an object with get and set",
    (value) => isObject(value) && isFunction(value["get"]) && isFunction(value["set"]),
  ],
  onAttempt: /* @__PURE__ */ callable(),
  defaults: [{}, "an object", isObject],
  fetch: /* @__PURE__ */ callable(),
  now: /* @__PURE__ */ callable(() => new Date()),
  random: /* @__PURE__ */ callable((length: number) => crypto.getRandomValues(new Uint8Array(length))),
  sleep: /* @__PURE__ */ callable(within),
};

function whole(fallback: number, least: number, most: number): Rule {
  return [
    fallback,
    `a whole number from ${least} to ${most}`,
    (value) => Number.isInteger(value) && (value as number) >= least && (value as number) <= most,
  ];
}

function callable(fallback?: unknown): Rule {
  return [fallback, "a function", isFunction];
}

function isFunction(value: unknown): boolean {
  return typeof value === "function";
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Checks everything and fills in what is absent. Throws one {@link ConfigurationError} with all problems. */
export function resolveOptions(config: Config): Core {
  const problems: string[] = [];
  const providers = new Map<unknown, readonly Provider[]>();
  const accounts = new Set<string>();
  const options: Record<string, unknown> = {};
  for (const [name, [fallback]] of Object.entries(rules)) options[name] = fallback;
  for (const [name, value] of Object.entries(isObject(config) ? config : {})) {
    if (value === undefined) continue;
    if (Object.hasOwn(rules, name)) {
      const [, expected, holds] = rules[name as keyof NotifierOptions];
      if (holds(value)) options[name] = value;
      else problems.push(`${name} is not ${expected}`);
    } else if (Array.isArray(value) && value.length > 0) {
      for (const [index, provider] of value.entries()) {
        const problem = problemOf(provider, name, accounts);
        if (problem) problems.push(`${name}.${index} is ${problem}`);
      }
      providers.set(name, value as readonly Provider[]);
    } else {
      problems.push(`${name} is neither an option nor a list of providers`);
    }
  }
  const core = options as unknown as Core & Pick<NotifierOptions, "cache">;
  for (const [channel, content] of Object.entries(core.defaults)) {
    if (!providers.has(channel) || !(content === undefined || isObject(content))) {
      problems.push(`defaults.${channel} is not content for a channel with a provider`);
    }
  }
  if (providers.size === 0) problems.push("no channel has a provider");
  if (problems.length > 0) throw new ConfigurationError("createNotifier", problems);
  return { ...core, providers, recall: createRecall(core.cache ?? mapCache(), core.now) };
}

/** What the value is instead of a channel's provider with an account of its own. */
function problemOf(value: unknown, channel: string, accounts: Set<string>): string | undefined {
  const { id, account, channel: its, buildRequest } = Object(value) as Partial<Provider>;
  if (its?.id !== channel || !isFunction(buildRequest)) return `not a provider for ${channel}`;
  const name = `${id}:${account}`;
  if (accounts.has(name)) return `${name} again: give it another account`;
  accounts.add(name);
  return undefined;
}
