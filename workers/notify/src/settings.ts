import { allowlist, capture, redirect } from "carillon";
import type { AnyProvider, ChannelId, Guard, ProviderSettings, Registrar, WebhookSource } from "carillon";
import { readBudgets } from "./dispatch/budgets.ts";
import type { Budgets } from "./dispatch/budgets.ts";
import { readUrlPolicy } from "./endpoints/url-policy.ts";
import type { UrlPolicy } from "./endpoints/url.ts";
import type { Env } from "./env.ts";
import { providerSettings } from "./generated/providers.ts";
import { readReceipts } from "./receipts/settings.ts";
import type { ReceiptSettings } from "./receipts/settings.ts";
import { readRecipients } from "./recipients/settings.ts";
import type { RecipientSettings } from "./recipients/settings.ts";
import { readRates } from "./lane/rates.ts";
import type { Rates } from "./lane/rates.ts";
import { readCategories } from "./suppress/category.ts";
import type { Category } from "./suppress/category.ts";
import { readScheduler } from "./schedule/settings.ts";
import type { SchedulerSettings } from "./schedule/settings.ts";
import { readUnsubscribe } from "./unsubscribe/settings.ts";
import type { UnsubscribeSettings } from "./unsubscribe/settings.ts";

export type Environment = "production" | "staging" | "development" | "unknown";

/** The deployment's variables, read once an isolate and told apart from what they were mistyped as. */
export interface Settings {
  readonly environment: Environment;
  readonly shards: number;
  readonly scheduler: SchedulerSettings;
  readonly freePlan: boolean;
  readonly onUnknown: "resend" | "hold";
  /** How long messages are tried again for, by channel. */
  readonly budgets: Budgets;
  /** Finished messages are kept so long. */
  readonly retentionDays: number;
  readonly guard: Guard;
  /** In order of preference, by channel. */
  readonly providers: Readonly<Partial<Record<ChannelId, readonly AnyProvider[]>>>;
  readonly webhooks: ReadonlyMap<string, WebhookSource>;
  /** Of channels whose devices register by themselves: what to ask of them, and what they must know. */
  readonly registrars: Readonly<Partial<Record<ChannelId, Registrar>>>;
  /** What lanes are held to; those that are not in it are not. */
  readonly rates: Rates;
  /** Lanes where a refusal, a limit or an outage is one recipient's, and says nothing of the others. */
  readonly perRecipient: ReadonlySet<string>;
  /** Every provider that this build knows, switched on or not. */
  readonly known: readonly ProviderSettings[];
  readonly categories: ReadonlyMap<string, Category>;
  /** Undefined: there can be no links to unsubscribe. */
  readonly unsubscribe: UnsubscribeSettings | undefined;
  readonly recipients: RecipientSettings;
  /** Undefined: push messages carry no receipts. */
  readonly pushReceipts: ReceiptSettings | undefined;
  /** Unguessable parts of the webhooks' URLs; empty: none is asked for. */
  readonly webhookLocks: readonly string[];
  /** Where apps may be told. */
  readonly endpointUrls: UrlPolicy;
  readonly fetch: ((input: string, init: RequestInit) => Promise<Response>) | undefined;
  /** What is misconfigured, by variable or provider name; never a value. */
  readonly problems: readonly string[];
}

/** A shorter first API key could be guessed. */
export const minRootKeyLength = 24;

const cache = new WeakMap<object, Settings>();

export function settingsOf(env: Env): Settings {
  let settings = cache.get(env);
  if (settings === undefined) cache.set(env, (settings = announced(readSettings(env))));
  return settings;
}

/** What somebody asked for and does not get is not only for who reads `/v1/health`. */
function announced(settings: Settings): Settings {
  const { wanted, queue } = settings.scheduler;
  if (wanted === "qstash" && queue === undefined) {
    console.error(JSON.stringify({ event: "scheduler-misconfigured", used: "alarm", problems: settings.problems }));
  }
  return settings;
}

export function readSettings(env: Env): Settings {
  const problems: string[] = [];
  const environment = readEnvironment(env.ENVIRONMENT);
  if (environment === "unknown")
    problems.push("ENVIRONMENT is not production, staging or development: all messages are captured");
  const freePlan = readChoice(env.PLAN, ["paid", "free"], "paid", "PLAN", problems) === "free";
  if (env.ADMIN_API_KEY !== undefined && env.ADMIN_API_KEY.length < minRootKeyLength) {
    problems.push(`ADMIN_API_KEY has fewer than ${minRootKeyLength} characters: it is not accepted`);
  }
  const simulator = env.SIMULATOR;
  if (simulator !== undefined && environment === "production") {
    problems.push("SIMULATOR is bound in production: requests are refused");
  }
  const accounts = readProviders(env as unknown as Readonly<Record<string, unknown>>, problems);
  const all = Object.values(accounts.providers).flat();
  return {
    environment,
    // Some requests ask all shards at once, and the Free plan allows an invocation 50 subrequests.
    shards: readInteger(env.SHARDS, 16, 1, freePlan ? 16 : 256, "SHARDS", problems),
    scheduler: readScheduler(env, environment === "production", problems),
    freePlan,
    budgets: readBudgets(env.RETRY_BUDGETS, problems),
    retentionDays: readInteger(env.RETENTION_DAYS, 90, 7, 3650, "RETENTION_DAYS", problems),
    onUnknown: readChoice(env.ON_UNKNOWN, ["resend", "hold"], "resend", "ON_UNKNOWN", problems),
    guard: readGuard(env, environment, problems),
    ...accounts,
    rates: readRates(env.RATES, all, problems),
    perRecipient: new Set(all.flatMap(({ id, account, scope }) => (scope === "recipient" ? `${id}:${account}` : []))),
    known: providerSettings,
    categories: readCategories(env.CATEGORIES, problems),
    unsubscribe: readUnsubscribe(env, environment === "production", problems),
    pushReceipts: readReceipts(env, environment === "production", problems),
    recipients: readRecipients(env, environment === "production", problems),
    webhookLocks: readLocks(env.WEBHOOK_LOCK, problems),
    endpointUrls: readUrlPolicy(env, environment, problems),
    fetch: simulator === undefined ? undefined : (input, init) => simulator.fetch(input, init),
    problems,
  };
}

/** A shorter one could be found by trying. */
const minLockLength = 16;

function readLocks(text: string | undefined, problems: string[]): readonly string[] {
  const given = text?.split(",").map((lock) => lock.trim()) ?? [];
  const good = given.filter((lock) => /^[\w-]+$/.test(lock) && lock.length >= minLockLength);
  if (good.length < given.length) {
    problems.push(
      `WEBHOOK_LOCK has a part that is not ${minLockLength} or more of A-Z, a-z, 0-9, _ and -: it opens nothing`,
    );
  }
  // One that is misspelt still locks.
  return given.length > 0 && good.length === 0 ? [""] : good;
}

/** True when the deployment must not serve: it would send real messages to a simulator, or the other way round. */
export function mustRefuse(env: Env, settings: Settings): boolean {
  return env.SIMULATOR !== undefined && settings.environment === "production";
}

function readEnvironment(text: string | undefined): Environment {
  return text === "production" || text === "staging" || text === "development" ? text : "unknown";
}

function readGuard(env: Env, environment: Environment, problems: string[]): Guard {
  if (environment === "production") {
    if (env.GUARD !== undefined) problems.push("GUARD is ignored in production");
    return "live";
  }
  if (environment === "unknown" || env.GUARD === undefined) return capture();
  try {
    const rule = JSON.parse(env.GUARD) as {
      allow?: Parameters<typeof allowlist>[0];
      redirect?: Parameters<typeof redirect>[0];
    };
    if (rule.allow !== undefined) return allowlist(rule.allow);
    if (rule.redirect !== undefined) return redirect(rule.redirect);
    problems.push('GUARD has neither "allow" nor "redirect": all messages are captured');
  } catch {
    problems.push("GUARD cannot be read: all messages are captured");
  }
  return capture();
}

function readProviders(
  variables: Readonly<Record<string, unknown>>,
  problems: string[],
): Pick<Settings, "providers" | "webhooks" | "registrars"> {
  const present = (name: string): boolean => typeof variables[name] === "string" && variables[name] !== "";
  const pick = (names: readonly string[]): Record<string, string> =>
    Object.fromEntries(names.filter(present).map((name) => [name, variables[name] as string]));
  const providers: Partial<Record<ChannelId, AnyProvider[]>> = {};
  const webhooks = new Map<string, WebhookSource>();
  const registrars: Partial<Record<ChannelId, Registrar>> = {};
  for (const settings of inOrder(variables["PROVIDERS"], problems)) {
    const { send, receive, register } = settings;
    if (send.required.every(present)) {
      attempt(settings.id, problems, () => {
        const given = pick([...send.required, ...send.optional]);
        const provider = send.create(given) as AnyProvider;
        (providers[settings.channel] ??= []).push(provider);
        const registrar = register?.create(given);
        if (registrar !== undefined) registrars[settings.channel] ??= registrar;
      });
    }
    const names = receive?.required.find((set) => set.every(present));
    if (receive !== undefined && names !== undefined) {
      attempt(`${settings.id} webhook`, problems, () => webhooks.set(settings.id, receive.create(pick(names))));
    }
  }
  return { providers, webhooks, registrars };
}

function inOrder(order: unknown, problems: string[]): readonly ProviderSettings[] {
  if (typeof order !== "string" || order.trim() === "") return providerSettings;
  const names = new Set(order.split(",").map((name) => name.trim()));
  return Array.from(names).flatMap((name) => {
    const found = providerSettings.find((settings) => settings.id === name);
    if (found === undefined) problems.push("PROVIDERS names a provider that this build does not have");
    return found ?? [];
  });
}

/** A provider that is misconfigured is switched off and said, and does not take the others with it. */
function attempt(name: string, problems: string[], make: () => void): void {
  try {
    make();
  } catch (error) {
    problems.push(error instanceof Error ? error.message : `${name} is misconfigured`);
  }
}

function readChoice<T extends string>(
  text: string | undefined,
  choices: readonly T[],
  fallback: T,
  name: string,
  problems: string[],
): T {
  const found = choices.find((choice) => choice === text);
  if (found === undefined && text !== undefined) {
    problems.push(`${name} is not ${choices.join(" or ")}: ${fallback} is used`);
  }
  return found ?? fallback;
}

function readInteger(
  text: string | undefined,
  fallback: number,
  least: number,
  most: number,
  name: string,
  problems: string[],
): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  problems.push(`${name} is not a whole number from ${least} to ${most}: ${fallback} is used`);
  return fallback;
}
