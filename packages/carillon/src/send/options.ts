import { ConfigurationError } from "../error/errors.ts";
import type { Provider } from "../provider/contract.ts";
import type { Config, NotifierOptions } from "./config.ts";
import { createLane, type Lane } from "./lane.ts";
import { createMemory, mapCache } from "./remember.ts";
import { sleep } from "./sleep.ts";

type Defaulted =
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
export interface Core extends Omit<NotifierOptions, Defaulted | "cache" | "defaults"> {
  readonly guard: NonNullable<NotifierOptions["guard"]>;
  readonly attempts: number;
  readonly maxWaitMs: number;
  readonly timeoutMs: number;
  readonly onUnknown: "hold" | "resend";
  readonly concurrency: number;
  readonly now: NonNullable<NotifierOptions["now"]>;
  readonly random: NonNullable<NotifierOptions["random"]>;
  readonly sleep: NonNullable<NotifierOptions["sleep"]>;
  readonly defaults: Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>;
  readonly lanes: ReadonlyMap<string, readonly Lane[]>;
}

type Rule = readonly [expected: string, holds: (value: unknown) => boolean];

/** The longest delay that timers have; a longer one would fire at once. */
const maxTimerMs = 2_147_483_647;
const aFunction: Rule = ["a function", (value) => typeof value === "function"];

/** Options of one type share a rule; whole numbers have their least and most. */
const rules: Readonly<Record<keyof NotifierOptions, Rule | readonly [least: number, most: number]>> = {
  guard: ['"live" or a function', (value) => value === "live" || typeof value === "function"],
  attempts: [1, 100],
  maxWaitMs: [0, maxTimerMs],
  timeoutMs: [1, maxTimerMs],
  onUnknown: ['"hold" or "resend"', (value) => value === "hold" || value === "resend"],
  concurrency: [1, 10_000],
  cache: ["an object with get and set", (value) => has(value, ["get", "set"], "function")],
  onAttempt: aFunction,
  defaults: ["content by channel", (value) => isObject(value) && Object.values(value as object).every(isContent)],
  fetch: aFunction,
  now: aFunction,
  random: aFunction,
  sleep: aFunction,
};

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isContent(value: unknown): boolean {
  return value === undefined || isObject(value);
}

function has(value: unknown, names: readonly string[], type: string): boolean {
  return isObject(value) && names.every((name) => typeof (value as Readonly<Record<string, unknown>>)[name] === type);
}

/** What is wrong with the option's value, if anything is. */
function problemOf([first, second]: Rule | readonly [number, number], value: unknown): string | undefined {
  if (typeof second === "function") return second(value) ? undefined : `is not ${first}`;
  const holds = Number.isInteger(value) && (value as number) >= (first as number) && (value as number) <= second;
  return holds ? undefined : `is not a whole number from ${first} to ${second}`;
}

/** Checks everything and fills in what is absent. Throws one {@link ConfigurationError} with all problems. */
export function resolveOptions(config: Config): Core {
  const problems: string[] = [];
  const providers = new Map<string, readonly Provider[]>();
  const accounts = new Set<string>();
  if (!isObject(config)) throw new ConfigurationError("createNotifier", ["the configuration is not an object"]);
  for (const [key, value] of Object.entries(config)) {
    if (value === undefined) continue;
    const rule = Object.hasOwn(rules, key) ? rules[key as keyof NotifierOptions] : undefined;
    if (rule) {
      const problem = problemOf(rule, value);
      if (problem) problems.push(`${key} ${problem}`);
    } else if (!Array.isArray(value)) {
      problems.push(`${key} is neither an option nor a channel with a list of providers`);
    } else if (value.length === 0) {
      problems.push(`${key} is a list without a provider`);
    } else {
      value.forEach((provider: unknown, index) => {
        const problem = isProvider(provider) ? misplaced(provider, key, accounts) : "is not a provider";
        if (problem) problems.push(`${key}.${index} ${problem}`);
      });
      providers.set(key, value as readonly Provider[]);
    }
  }
  if (providers.size === 0 && problems.length === 0) problems.push("no channel has a provider");
  for (const channel of Object.keys(config.defaults ?? {})) {
    if (!providers.has(channel)) problems.push(`defaults.${channel} is for a channel without a provider`);
  }
  if (problems.length > 0) throw new ConfigurationError("createNotifier", problems);

  const now = config.now ?? (() => new Date());
  const random = config.random ?? ((length) => crypto.getRandomValues(new Uint8Array(length)));
  const memory = createMemory(config.cache ?? mapCache(), now);
  const lanes = new Map<string, readonly Lane[]>();
  for (const [channel, list] of providers) {
    lanes.set(
      channel,
      list.map((provider) => createLane(provider, memory)),
    );
  }
  return {
    guard: config.guard ?? "live",
    attempts: config.attempts ?? 3,
    maxWaitMs: config.maxWaitMs ?? 10_000,
    timeoutMs: config.timeoutMs ?? 15_000,
    onUnknown: config.onUnknown ?? "hold",
    concurrency: config.concurrency ?? 6,
    onAttempt: config.onAttempt,
    defaults: (config.defaults ?? {}) as Core["defaults"],
    fetch: config.fetch,
    now,
    random,
    sleep: config.sleep ?? sleep,
    lanes,
  };
}

function isProvider(value: unknown): value is Provider {
  return (
    has(value, ["id", "account"], "string") &&
    has(value, ["channel"], "object") &&
    has(value, ["buildRequest", "readResponse"], "function")
  );
}

function misplaced(provider: Provider, key: string, accounts: Set<string>): string | undefined {
  if (provider.channel.id !== key) return `is a provider for ${provider.channel.id}`;
  const name = `${provider.id}:${provider.account}`;
  if (accounts.has(name)) return `is ${name} once more: give it another account`;
  accounts.add(name);
  return undefined;
}
