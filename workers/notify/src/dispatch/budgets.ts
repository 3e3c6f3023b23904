import type { ChannelId } from "carillon";
import { parseDuration } from "../accept/when.ts";

/** How long a message is tried again for, whichever limit comes first. */
export interface Budget {
  /** Tries in all, over all lanes. */
  readonly maxTries: number;
  /** From its due moment: no try is planned for later. */
  readonly maxAgeMs: number;
}

const hourMs = 3_600_000;

/**
 * Without `RETRY_BUDGETS`. Mail is expected to arrive the same day even if a provider is down for hours; a text or a push
 * half a day late mostly confuses whoever gets it. A caller who knows better says `ttl`.
 */
export const defaultBudgets: Readonly<Record<ChannelId, Budget>> = {
  email: { maxTries: 30, maxAgeMs: 24 * hourMs },
  sms: { maxTries: 20, maxAgeMs: 6 * hourMs },
  slack: { maxTries: 20, maxAgeMs: 6 * hourMs },
  discord: { maxTries: 20, maxAgeMs: 6 * hourMs },
  webpush: { maxTries: 20, maxAgeMs: 12 * hourMs },
  fcm: { maxTries: 20, maxAgeMs: 12 * hourMs },
};

/** The largest numbers that a deployment may set. */
export const maxBudget: Budget = { maxTries: 100, maxAgeMs: 7 * 24 * hourMs };

/** The deployment's own budget for a channel, or the one above. */
export function budgetOf({ budgets }: { readonly budgets: Budgets }, channel: string): Budget {
  return budgets[channel as ChannelId] ?? defaultBudgets.email;
}

export type Budgets = Readonly<Record<ChannelId, Budget>>;

/**
 * `RETRY_BUDGETS`: JSON such as `{"sms":{"maxTries":5,"maxAge":"30m"}}`. What it does not name stays as above; a part that
 * cannot be read changes nothing and is told in `problems`.
 */
export function readBudgets(text: string | undefined, problems: string[]): Budgets {
  if (text === undefined || text.trim() === "") return defaultBudgets;
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    given = undefined;
  }
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    problems.push("RETRY_BUDGETS is not a JSON object: the defaults are used");
    return defaultBudgets;
  }
  const budgets: Record<string, Budget> = { ...defaultBudgets };
  for (const [channel, own] of Object.entries(given as Record<string, unknown>)) {
    const known = budgets[channel];
    const budget = known && readBudget(own, known);
    if (budget === undefined) {
      problems.push(
        `RETRY_BUDGETS names something else than a channel with maxTries (1 to ${maxBudget.maxTries}) or maxAge ("1m" to "7d"): that part is ignored`,
      );
    } else budgets[channel] = budget;
  }
  return budgets as Budgets;
}

function readBudget(own: unknown, known: Budget): Budget | undefined {
  if (typeof own !== "object" || own === null) return undefined;
  const { maxTries = known.maxTries, maxAge, ...others } = own as Record<string, unknown>;
  const maxAgeMs =
    maxAge === undefined ? known.maxAgeMs : typeof maxAge === "string" ? parseDuration(maxAge) : undefined;
  if (Object.keys(others).length > 0 || maxAgeMs === undefined || !Number.isInteger(maxTries)) return undefined;
  const tries = maxTries as number;
  const fits = tries >= 1 && tries <= maxBudget.maxTries && maxAgeMs >= 60_000 && maxAgeMs <= maxBudget.maxAgeMs;
  return fits ? { maxTries: tries, maxAgeMs } : undefined;
}
