import type { Message, Refusal } from "../channels/channel.ts";
import { CallError } from "../error/errors.ts";
import { redactor } from "../http/redact.ts";
import type { Provider } from "../provider/contract.ts";
import { matches } from "../provider/reading.ts";
import type { SendResult } from "../result/send-result.ts";
import { secretsOf } from "./clean.ts";
import type { Checked, Config, ConfiguredChannel, Notifier } from "./config.ts";
import { deliver, deliverGroup, groupsOf } from "./deliver.ts";
import { failure } from "./exchange.ts";
import { gate } from "./gate.ts";
import { applyGuard } from "./guard.ts";
import { capture, fail, type Journey } from "./journey.ts";
import { type Core, resolveOptions } from "./options.ts";

interface Entry {
  readonly message: unknown;
  readonly idempotencyKey?: string | undefined;
  readonly messageId?: string | undefined;
}

/**
 * Makes what sends: one list of providers for each channel, the first one asked first.
 *
 * Errors: throws one `ConfigurationError` with every problem of the configuration. `send` and `sendBatch` reject with a
 * `CallError` for calls that cannot be carried out (a channel without a provider, a malformed key); what happens on the
 * wire, and a message that is not valid, is in the result.
 *
 * @example
 * const notifier = createNotifier({ email: [first, second] });
 * const result = await notifier.send({ channel: "email", from, to, subject, html });
 */
export function createNotifier<const P extends Config>(config: P & Checked<P>): Notifier<ConfiguredChannel<P>> {
  const core = resolveOptions(config);
  return {
    async send(message, { signal, ...ids } = {}) {
      const entry = { ...ids, message };
      const journey = await begin(core, entry, checkEntry(core, entry, "send"));
      if (!journey.result) await deliverGroup({ core, signal, gate: (task) => task() }, [journey]);
      return journey.result as SendResult;
    },
    async sendBatch(entries, { signal } = {}) {
      if (!Array.isArray(entries)) throw new CallError("sendBatch: the entries are not a list");
      // All calls are checked before the first message goes out.
      const seen = new Set<string>();
      const providers = entries.map((entry, index) => checkEntry(core, entry, `sendBatch, entry ${index}`, seen));
      const journeys: Journey[] = [];
      for (const [index, entry] of entries.entries()) {
        journeys.push(await begin(core, entry, providers[index] as readonly Provider[]));
      }
      const groups = groupsOf(journeys.filter(({ result }) => !result));
      await deliver({ core, signal, gate: gate(core.concurrency) }, groups);
      return journeys.map(({ result }) => result as SendResult);
    },
  };
}

/** What ids must be. */
const idRules = [
  // A header carries it: no control characters, and no white space at the ends, which would be lost on the way.
  ["idempotencyKey", /^[!-~]([ -~]*[!-~])?$/, "printable ASCII"],
  // Tags and metadata of the providers carry it.
  ["messageId", /^[\w-]{1,128}$/, "1 to 128 of A-Z a-z 0-9 _ -"],
] as const;

/** Throws for a call that is wrong whatever its message says; else gives the providers of the message's channel. */
function checkEntry(core: Core, entry: Entry, subject: string, seen?: Set<string>): readonly Provider[] {
  const wrong = (problem: string): CallError => new CallError(`${subject}: ${problem}`);
  const providers = core.providers.get((entry?.message as Partial<Message> | undefined)?.channel);
  if (!providers) throw wrong(`no provider for the message's channel, only for ${[...core.providers.keys()].join()}`);
  for (const [name, pattern, expected] of idRules) {
    const value: unknown = entry[name];
    if (value === undefined) continue;
    if (!matches(pattern, value)) throw wrong(`${name} is not ${expected}`);
    if (seen?.has(name + value)) throw wrong(`two entries have the same ${name}`);
    seen?.add(name + value);
  }
  return providers;
}

/** Makes the message of the input and asks the guard. When either ends the journey, it has its result. */
async function begin(core: Core, entry: Entry, providers: readonly Provider[]): Promise<Journey> {
  const { channel } = providers[0] as Provider;
  const { messageId = `msg_${crypto.randomUUID()}`, idempotencyKey = messageId } = entry;
  let message: Message | Refusal;
  try {
    message = channel.normalise(withDefaults(entry.message, core.defaults[channel.id]));
  } catch {
    message = failure("invalid-message", "The message could not be read") as Refusal;
  }
  const journey: Journey = {
    channel,
    providers,
    message: message as Message,
    messageId,
    idempotencyKey,
    attempts: [],
    unknown: false,
    duplicate: false,
  };
  if ("ok" in message) fail(journey, message);
  else if (core.guard !== "live") await guard(core, journey);
  return journey;
}

/** The message's own content, and the default for what it leaves out. */
function withDefaults(message: unknown, defaults: Readonly<Record<string, unknown>> | undefined): unknown {
  if (!defaults) return message;
  const filled = { ...(message as Record<string, unknown>) };
  for (const [name, value] of Object.entries(defaults)) if (filled[name] === undefined) filled[name] = value;
  return filled;
}

async function guard(core: Core, journey: Journey): Promise<void> {
  const { channel, message } = journey;
  let reason = "the guard failed";
  try {
    const addresses = await channel.addresses(message);
    const decision = await applyGuard(core.guard, { channel: channel.id, message, addresses });
    if ("redirect" in decision) {
      const redirected = channel.withRecipient(message, decision.redirect);
      if (redirected) {
        journey.message = redirected;
        return;
      }
      reason = "it cannot be redirected";
    } else {
      if (decision.pass) return;
      reason = redactor(secretsOf(addresses))(decision.reason);
    }
  } catch {
    // Then it is kept, too.
  }
  capture(journey, reason);
}
