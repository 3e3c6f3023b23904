import { ConfigurationError } from "../error/errors.ts";
import { within } from "../http/within.ts";
import type { Provider } from "../provider/contract.ts";
import { type OptionRule, record } from "../provider/options.ts";
import { entryOf, recordOf } from "../provider/reading.ts";
import type { Config, NotifierOptions } from "./config.ts";

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
  readonly cache: NotifierOptions["cache"];
  readonly providers: ReadonlyMap<unknown, readonly Provider[]>;
}

/** The longest delay that timers have; a longer one would fire at once. */
const maxTimerMs = 2_147_483_647;

/** What an option is when it is not given, and what it must be when it is. */
const rules: Readonly<Record<keyof NotifierOptions, readonly [fallback: unknown, rule: OptionRule]>> = {
  guard: ["live", (value) => value === "live" || isFunction(value) || '"live" or a function'],
  attempts: [3, /* @__PURE__ */ whole(1, 100)],
  maxWaitMs: [10_000, /* @__PURE__ */ whole(0, maxTimerMs)],
  timeoutMs: [15_000, /* @__PURE__ */ whole(1, maxTimerMs)],
  onUnknown: ["hold", (value) => value === "hold" || value === "resend" || '"hold" or "resend"'],
  concurrency: [6, /* @__PURE__ */ whole(1, 10_000)],
  cache: [
    undefined,
    (value) =>
      (isFunction(recordOf(value)["get"]) && isFunction(recordOf(value)["set"])) || "an object with get and set",
  ],
  onAttempt: [undefined, callable],
  defaults: [{}, record],
  fetch: [undefined, callable],
  now: [() => new Date(), callable],
  random: [(length: number) => crypto.getRandomValues(new Uint8Array(length)), callable],
  sleep: [within, callable],
};

function whole(least: number, most: number): OptionRule {
  return (value) =>
    (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) ||
    `a whole number from ${least} to ${most}`;
}

function callable(value: unknown): true | string {
  return isFunction(value) || "a function";
}

function isFunction(value: unknown): boolean {
  return typeof value === "function";
}

/** Checks everything and fills in what is absent. Throws one {@link ConfigurationError} with all problems. */
export function resolveOptions(config: Config): Core {
  const problems: string[] = [];
  const providers = new Map<unknown, readonly Provider[]>();
  const accounts = new Set<string>();
  const options: Record<string, unknown> = {};
  for (const [name, [fallback]] of Object.entries(rules)) options[name] = fallback;
  for (const [name, value] of Object.entries(recordOf(config))) {
    if (value === undefined) continue;
    const rule = entryOf(rules, name)?.[1];
    if (rule) {
      const expected = rule(value);
      if (expected === true) options[name] = value;
      else problems.push(`${name} must be ${expected}`);
    } else if (Array.isArray(value) && value.length > 0) {
      providers.set(name, value as readonly Provider[]);
      for (const [index, provider] of value.entries()) {
        const { id, account, channel, buildRequest } = recordOf(provider) as Partial<Provider>;
        const lane = `${id}:${account}`;
        if (channel?.id !== name || !isFunction(buildRequest)) {
          problems.push(`${name}.${index} is not a provider for ${name}`);
        } else if (accounts.has(lane)) {
          problems.push(`${name}.${index} is ${lane} again: give it another account`);
        } else {
          accounts.add(lane);
        }
      }
    } else {
      problems.push(`${name} is neither an option nor a list of providers`);
    }
  }
  const core = { ...options, providers } as unknown as Core;
  for (const [channel, content] of Object.entries(core.defaults)) {
    if (!providers.has(channel) || typeof content !== "object") {
      problems.push(`defaults.${channel} is not content for a channel with a provider`);
    }
  }
  if (providers.size === 0) problems.push("no channel has a provider");
  if (problems.length > 0) throw new ConfigurationError("createNotifier", problems);
  return core;
}
