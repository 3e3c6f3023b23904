import { domainToAscii, parseEmailAddress } from "../address/email-address.ts";
import { e164 } from "../address/phone-number.ts";
import type { Address, ChannelId, Message } from "../channels/channel.ts";
import { ConfigurationError } from "../error/errors.ts";
import { textOf } from "../provider/reading.ts";

/** What the guard is shown: the last hop before a provider. */
export interface GuardedMessage {
  readonly channel: ChannelId;
  /** Absent for an operation: an edit, a deletion, a topic's members. */
  readonly message?: Message | undefined;
  readonly addresses: readonly Address[];
}

export type GuardDecision =
  | { readonly pass: true }
  | { readonly pass: false; readonly reason: string }
  | { readonly redirect: string; readonly reason: string };

/** `"live"` lets everything pass. Anything else is asked for each message; one that throws captures. */
export type Guard = "live" | ((guarded: GuardedMessage) => GuardDecision | Promise<GuardDecision>);

const captured = (reason: string): GuardDecision => ({ pass: false, reason });

/**
 * Asks the guard about a message, and fails closed: what throws, or answers anything but a {@link GuardDecision},
 * captures. Never throws. A redirect still has to be carried out with the channel's `withRecipient`; where that cannot
 * be, the message is captured too.
 */
export async function applyGuard(guard: Guard, guarded: GuardedMessage): Promise<GuardDecision> {
  if (guard === "live") return { pass: true };
  let why = "the guard failed";
  try {
    // Read once into locals: whoever wrote the guard may have written JavaScript.
    const { pass, redirect, reason } = (await guard(guarded)) as Answer;
    const target = textOf(redirect);
    if (target && pass === undefined) return { redirect: target, reason: textOf(reason) ?? why };
    if (pass === true && redirect === undefined) return { pass };
    if (pass === false) why = textOf(reason) ?? "the guard kept it";
  } catch {
    // Its text is not repeated: it may hold an address.
  }
  return captured(why);
}

/** What a guard may answer that nobody checked. */
type Answer = Readonly<Partial<Record<"pass" | "redirect" | "reason", unknown>>>;

/** Keeps every message; the inbox, if there is one, is handed what was kept. */
export function capture(inbox?: (guarded: GuardedMessage) => void | Promise<void>): Guard {
  return async (guarded) => {
    await inbox?.(guarded);
    return captured("the guard captures everything");
  };
}

export type Allowlist = { readonly [C in ChannelId]?: readonly string[] | undefined };

/**
 * Lets through what goes to listed addresses only; one other address, in `cc` or `bcc` too, captures the whole message,
 * and so does a channel that is not named.
 *
 * - `email`: `ada@example.com` (its plus tags too) and `*`, which never stands for an @: `*@example.com`, `qa-*@example.com`.
 *   In the domain only `*.example.com`, which means every subdomain, and not `example.com` itself.
 * - `sms`: numbers in E.164, with a `*` at the end if wanted: `+4479*`.
 * - the others: an `Address.key`, or the token or URL itself, whole; a lone `*` for every address, FCM topics and
 *   conditions excepted: `topic:news` and `condition:...` need their own entry.
 *
 * Throws a {@link ConfigurationError} for a pattern that cannot match or that would let everybody through.
 */
export function allowlist(lists: Allowlist): Guard {
  const problems: string[] = [];
  const matchers = new Map<string, readonly Matcher[]>();
  for (const [channel, patterns] of Object.entries(lists)) {
    const compile = Object.hasOwn(compilers, channel) ? compilers[channel as ChannelId] : undefined;
    if (!compile) problems.push(`${channel} is no channel`);
    else if (patterns !== undefined && !Array.isArray(patterns)) problems.push(`${channel} must be a list`);
    else {
      matchers.set(
        channel,
        (patterns ?? []).flatMap((pattern: unknown, index) => {
          const matcher = typeof pattern === "string" && pattern ? compile(pattern) : "must not be empty";
          if (typeof matcher === "function") return [matcher];
          problems.push(`${channel}.${index} ${matcher}`);
          return [];
        }),
      );
    }
  }
  if (problems.length > 0) throw new ConfigurationError("allowlist", problems);
  return ({ channel, addresses }) => {
    const allowed = matchers.get(channel);
    if (!allowed) return captured(`the allowlist does not name ${channel}`);
    if (addresses.length === 0) return captured("the message names no address");
    const outside = addresses.find((address) => !allowed.some((matches) => matches(address)));
    return outside ? captured(`${outside.label} is not on the allowlist`) : { pass: true };
  };
}

/**
 * Sends every message of a channel to one address instead, without its `cc` and `bcc`; captures those of channels that
 * are not named. Throws a {@link ConfigurationError} for what is no address.
 */
export function redirect(targets: { readonly email?: string | undefined; readonly sms?: string | undefined }): Guard {
  const problems: string[] = [];
  for (const [channel, target] of Object.entries(targets)) {
    if (target === undefined) continue;
    const isAddress =
      typeof target === "string" &&
      ((channel === "email" && "email" in parseEmailAddress(target)) || (channel === "sms" && e164.test(target)));
    if (channel !== "email" && channel !== "sms") problems.push(`${channel} cannot be redirected`);
    else if (!isAddress)
      problems.push(`${channel} must be ${channel === "email" ? "a bare address" : "an E.164 number"}`);
  }
  if (problems.length > 0) throw new ConfigurationError("redirect", problems);
  const { email, sms } = targets;
  return ({ channel }) => {
    const target = channel === "email" ? email : channel === "sms" ? sms : undefined;
    if (target === undefined) return captured(`${channel} is not redirected`);
    return { redirect: target, reason: `the guard redirects ${channel}` };
  };
}

type Matcher = (address: Address) => boolean;

/** A matcher, or what is wrong with the pattern. */
type Compile = (pattern: string) => Matcher | string;

const compileEmail: Compile = (pattern) => {
  const [local = "", domain = "", ...more] = pattern.toLowerCase().split("@");
  const [, subdomains = "", rest = ""] = /^(\*\.)?(.*)$/s.exec(domain) ?? [];
  const ascii = domainToAscii(rest);
  // A sample of what the pattern stands for, so that one place decides what an address is.
  const sample = parseEmailAddress(`${local.replaceAll("*", "a")}@${ascii}`);
  if (more.length > 0 || !ascii || !("email" in sample)) {
    return "must be local@domain, a * only in local or as *.domain";
  }
  const expression = new RegExp(`^${glob(local)}@${subdomains && "[^@]+\\."}${literally(ascii)}$`);
  return ({ key, base }) => expression.test(key) || (base !== undefined && expression.test(base));
};

const compileSms: Compile = (pattern) => {
  if (!/^\+[1-9]\d{0,14}\*?$/.test(pattern)) return "must be an E.164 number, or its beginning and a *";
  const start = pattern.replace("*", "");
  return ({ key }) => (start === pattern ? key === pattern : key.startsWith(start));
};

const compileExact: Compile = (pattern) => {
  if (pattern === "*") return ({ key }) => !/^(topic|condition):/.test(key);
  if (pattern.includes("*")) return "must be a whole address, or a lone *";
  return ({ key, secrets }) => key === pattern || secrets.includes(pattern);
};

const compilers: Readonly<Record<ChannelId, Compile>> = {
  email: compileEmail,
  sms: compileSms,
  slack: compileExact,
  discord: compileExact,
  webpush: compileExact,
  fcm: compileExact,
};

function glob(pattern: string): string {
  return pattern.split("*").map(literally).join("[^@]*");
}

function literally(text: string): string {
  return text.replace(/[$()*+.?[\\\]^{|}/-]/g, "\\$&");
}
