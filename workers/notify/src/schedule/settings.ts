import type { Env } from "../env.ts";
import { originOf } from "../public-url.ts";

/** Who wakes the shards when something is due. */
export interface SchedulerSettings {
  /** What `SCHEDULER` asks for, which may not be what can be had. */
  readonly wanted: "alarm" | "qstash";
  /** What QStash is asked with; undefined: shards wake themselves. */
  readonly queue: QueueSettings | undefined;
  /** What QStash's calls are verified with. Also where nothing is asked of it any more: some may be on their way. */
  readonly receiver: ReceiverSettings | undefined;
}

export interface QueueSettings {
  readonly token: string;
  /** Of the token's region. */
  readonly baseUrl: string;
  readonly jobsUrl: string;
}

export interface ReceiverSettings {
  readonly currentSigningKey: string;
  readonly nextSigningKey: string;
  /** As QStash calls it, and signs. */
  readonly jobsUrl: string;
}

export const jobsPath = "/v1/jobs";

const europe = "https://qstash.upstash.io";

/** Of QStash's local server, for everybody to read (upstash/docs, `qstash/howto/local-development`): anybody can sign with them. */
const publicSigningKeys: ReadonlySet<string> = new Set([
  "sig_7kYjw48mhY7kAjqNGcy6cr29RJ6r",
  "sig_5ZB6DVzB1wjE8S6rZ7eenA8Pdnhs",
  "sig_7GVPjvuwsfqF65iC8fSrs1dfYruM",
  "sig_5NoELc3EFnZn4DVS5bDs2Nk4b7Ua",
  "sig_6jWGaWRxHsw4vMSPJprXadyvrybF",
  "sig_7qHbvhmahe5GwfePDiS5Lg3pi6Qx",
  "sig_5T8FcSsynBjn9mMLBsXhpacRovJf",
  "sig_7GFR4YaDshFcqsxWRZpRB161jguD",
]);

/**
 * Reads `SCHEDULER` and what QStash needs. Misconfigured, it is not used at all: shards wake themselves, which needs nothing,
 * and what is wrong is said.
 */
export function readScheduler(env: Env, isProduction: boolean, problems: string[]): SchedulerSettings {
  const { SCHEDULER = "alarm", QSTASH_TOKEN = "", QSTASH_URL = europe, PUBLIC_URL = "" } = env;
  const isWanted = SCHEDULER === "qstash";
  if (!isWanted && SCHEDULER !== "alarm") problems.push("SCHEDULER is not alarm or qstash: alarm is used");
  const found: string[] = [];
  const origin = originOf(PUBLIC_URL, !isProduction);
  if (origin === undefined) found.push(`PUBLIC_URL is not ${isProduction ? "https://" : "http(s)://"} and a host`);
  const baseUrl = baseUrlOf(QSTASH_URL, !isProduction);
  if (baseUrl === undefined) found.push("QSTASH_URL is not the https URL of QStash in the token's region");
  if (!isVisible(QSTASH_TOKEN)) found.push("QSTASH_TOKEN is missing, or is no token");
  const receiver = origin === undefined ? undefined : readReceiver(env, `${origin}${jobsPath}`, isProduction, found);
  if (isWanted) for (const problem of found) problems.push(`${problem}: SCHEDULER=alarm is used instead of qstash`);
  const isComplete = isWanted && found.length === 0 && receiver !== undefined && baseUrl !== undefined;
  return {
    wanted: isWanted ? "qstash" : "alarm",
    queue: isComplete ? { token: QSTASH_TOKEN, baseUrl, jobsUrl: receiver.jobsUrl } : undefined,
    receiver,
  };
}

function readReceiver(
  { QSTASH_CURRENT_SIGNING_KEY: current = "", QSTASH_NEXT_SIGNING_KEY: next = "" }: Env,
  jobsUrl: string,
  isProduction: boolean,
  found: string[],
): ReceiverSettings | undefined {
  const before = found.length;
  for (const [name, key] of [
    ["QSTASH_CURRENT_SIGNING_KEY", current],
    ["QSTASH_NEXT_SIGNING_KEY", next],
  ] as const) {
    if (!isVisible(key)) found.push(`${name} is missing, or is no signing key`);
    else if (isProduction && publicSigningKeys.has(key)) found.push(`${name} is a key of QStash's local server`);
  }
  return found.length > before ? undefined : { currentSigningKey: current, nextSigningKey: next, jobsUrl };
}

/** A header of HTTP can carry it, and HMAC a key of it. */
function isVisible(text: string): boolean {
  return /^[!-~]+$/.test(text);
}

/** Upstash's client appends to it. */
function baseUrlOf(text: string, allowHttp: boolean): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, username, search, hash } = new URL(text);
  const isPlain = username === "" && search === "" && hash === "";
  return isPlain && (protocol === "https:" || (allowHttp && protocol === "http:")) ? text : undefined;
}
