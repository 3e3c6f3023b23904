import type { Message, Refusal } from "../channels/channel.ts";
import { CallError } from "../error/errors.ts";
import { failure } from "../http/perform.ts";
import type { Provider } from "../provider/contract.ts";
import { matches } from "../provider/reading.ts";
import type { SendResult } from "../result/send-result.ts";
import { redactorFor } from "./clean.ts";
import type { Checked, Config, ConfiguredChannel, Notifier } from "./config.ts";
import { deliver, groupsOf } from "./deliver.ts";
import { gate } from "./gate.ts";
import { applyGuard } from "./guard.ts";
import { conclude, end, type Journey, journeyOf } from "./journey.ts";
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
      const results = await sendAll(core, [{ ...ids, message }], () => "send", signal);
      return results[0] as SendResult;
    },
    sendBatch: (entries, { signal } = {}) => sendAll(core, entries, (index) => `sendBatch, entry ${index}`, signal),
    async call(operation, { signal } = {}) {
      const id = `op_${crypto.randomUUID()}`;
      // It has no message, and neither it nor its channel looks at one.
      const [result] = await carryOut(core, [journeyOf([operation], undefined as never, id, id)], signal);
      return result as never;
    },
  };
}

/** Sends the messages. All of the calls are checked before the first message goes out. */
async function sendAll(
  core: Core,
  entries: readonly Entry[],
  nameOf: (index: number) => string,
  signal: AbortSignal | undefined,
): Promise<readonly SendResult[]> {
  if (!Array.isArray(entries)) throw new CallError("sendBatch: expected a list");
  const seen = new Set<string>();
  const journeys = entries.map((entry: Entry, index) => begin(core, entry, nameOf(index), seen));
  return carryOut(core, journeys, signal);
}

/** Shows the messages to the guard, and sends those that it lets pass. */
async function carryOut(
  core: Core,
  journeys: readonly Journey[],
  signal: AbortSignal | undefined,
): Promise<readonly SendResult[]> {
  if (core.guard !== "live") for (const journey of journeys) await passGuard(core, journey);
  await deliver({ core, signal, gate: gate(core.concurrency) }, groupsOf(journeys.filter(({ result }) => !result)));
  return journeys.map(({ result }) => result as SendResult);
}

/** What ids must be. */
const idRules = [
  // A header carries it: no control characters, and no white space at the ends, which would be lost on the way.
  ["idempotencyKey", /^[!-~]([ -~]*[!-~])?$/, "printable ASCII"],
  // Tags and metadata of the providers carry it.
  ["messageId", /^[\w-]{1,128}$/, "1 to 128 of A-Z a-z 0-9 _ -"],
] as const;

/**
 * Makes the message of the input; one that is not valid has its result already. Throws for a call that is wrong whatever
 * its message says.
 */
function begin(core: Core, entry: Entry, subject: string, seen: Set<string>): Journey {
  const wrong = (problem: string): CallError => new CallError(`${subject}: ${problem}`);
  const providers = core.providers.get((entry?.message as Partial<Message> | undefined)?.channel);
  if (!providers) throw wrong("no provider for its channel");
  for (const [name, pattern, expected] of idRules) {
    const value: unknown = entry[name];
    if (value === undefined) continue;
    if (!matches(pattern, value)) throw wrong(`${name}: expected ${expected}`);
    if (seen.has(name + value)) throw wrong(`two entries have the same ${name}`);
    seen.add(name + value);
  }
  const { channel } = providers[0] as Provider;
  const { messageId = `msg_${crypto.randomUUID()}`, idempotencyKey = messageId } = entry;
  let message: Message | Refusal;
  try {
    // The message's own content, and the default for what it leaves out.
    const filled = { ...(entry.message as Record<string, unknown>) };
    for (const [name, value] of Object.entries(core.defaults[channel.id] ?? {})) {
      if (filled[name] === undefined) filled[name] = value;
    }
    message = channel.normalise(filled);
  } catch {
    message = failure("invalid-message", "The message could not be read") as Refusal;
  }
  const journey = journeyOf(providers, message as Message, messageId, idempotencyKey);
  if ("ok" in message) conclude(journey, message);
  return journey;
}

/** A decision's parts, whichever it is. */
interface Decided {
  readonly pass?: boolean;
  readonly redirect?: string;
  readonly reason?: string;
}

/** Captures the message unless the guard lets it pass, or redirects it to where it can go. */
async function passGuard({ guard }: Core, journey: Journey): Promise<void> {
  if (journey.result) return;
  const { channel, message } = journey;
  let why = "the guard failed";
  try {
    const addresses = await channel.addresses(message);
    const { pass, redirect, reason }: Decided = await applyGuard(guard, { channel: channel.id, message, addresses });
    const redirected = redirect && channel.withRecipient(message, redirect);
    if (redirected) journey.message = redirected;
    if (pass || redirected) return;
    why = redirect ? "it cannot be redirected" : (await redactorFor([journey]))(reason);
  } catch {
    // Then it is kept, too.
  }
  end(journey, { ok: true, outcome: "captured", reason: why });
}
