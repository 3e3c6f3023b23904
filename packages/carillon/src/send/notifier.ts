import type { Channel, Message, Refusal } from "../channels/channel.ts";
import { redactor } from "../http/redact.ts";
import { CallError } from "../error/errors.ts";
import type { SendResult } from "../result/send-result.ts";
import { deliverAll } from "./batch.ts";
import type { Checked, Config, ConfiguredChannel, Notifier } from "./config.ts";
import { deliver } from "./failover.ts";
import { gate } from "./gate.ts";
import { applyGuard } from "./guard.ts";
import { captured, failed, type Journey } from "./journey.ts";
import type { Lane } from "./lane.ts";
import { type Core, resolveOptions } from "./options.ts";

interface Call {
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
 * const notifier = createNotifier({ email: [resend({ apiKey }), postmark({ serverToken })] });
 * const result = await notifier.send({ channel: "email", from, to, subject, html });
 */
export function createNotifier<const P extends Config>(config: P & Checked<P>): Notifier<ConfiguredChannel<P>> {
  const core = resolveOptions(config);
  return {
    async send(message, options = {}) {
      const { signal, idempotencyKey, messageId } = options;
      const lanes = checkCall(core, { message, idempotencyKey, messageId }, "send");
      const journey = await begin(core, lanes, { message, idempotencyKey, messageId });
      if (!journey.result) await deliver({ core, lanes, signal, gate: (task) => task() }, journey);
      return journey.result as SendResult;
    },
    async sendBatch(entries, options = {}) {
      checkEntries(entries);
      // All calls are checked before the first message goes out.
      const lanesOf = entries.map((entry, index) => checkCall(core, entry, `sendBatch, entry ${index}`));
      const journeys: Journey[] = [];
      const byChannel = new Map<readonly Lane[], Journey[]>();
      for (const [index, entry] of entries.entries()) {
        const lanes = lanesOf[index] as readonly Lane[];
        const journey = await begin(core, lanes, entry);
        journeys.push(journey);
        if (journey.result) continue;
        const sameChannel = byChannel.get(lanes);
        if (sameChannel) sameChannel.push(journey);
        else byChannel.set(lanes, [journey]);
      }
      const { signal } = options;
      const shared = gate(core.concurrency);
      await Promise.all(
        Array.from(byChannel, ([lanes, group]) => deliverAll({ core, lanes, signal, gate: shared }, group)),
      );
      return journeys.map((journey) => journey.result as SendResult);
    },
  };
}

/** Throws for a call that is wrong whatever the message says; else the providers of its channel. */
function checkCall(core: Core, { message, idempotencyKey, messageId }: Call, subject: string): readonly Lane[] {
  const channel = (message as { readonly channel?: unknown } | null | undefined)?.channel;
  const lanes = typeof channel === "string" ? core.lanes.get(channel) : undefined;
  if (!lanes) {
    const known = [...core.lanes.keys()].join(", ");
    throw new CallError(`${subject}: the message's channel has no provider; there are providers for ${known}.`);
  }
  // A header carries it: no control characters, and no white space at the ends, which would be lost on the way.
  if (idempotencyKey !== undefined && !matches(idempotencyKey, /^[!-~](?:[ -~]*[!-~])?$/)) {
    throw new CallError(`${subject}: idempotencyKey is not a text of printable ASCII characters.`);
  }
  // Tags and metadata of the providers carry it.
  if (messageId !== undefined && !matches(messageId, /^[\w-]{1,128}$/)) {
    throw new CallError(`${subject}: messageId is not 1 to 128 of the characters A-Z a-z 0-9 _ -.`);
  }
  return lanes;
}

function checkEntries(entries: readonly Call[]): void {
  if (!Array.isArray(entries) || !entries.every((entry) => typeof entry === "object" && entry !== null)) {
    throw new CallError("sendBatch: the entries are not a list of objects with a message.");
  }
  for (const name of ["idempotencyKey", "messageId"] as const) {
    const given = entries.map((entry) => entry[name]).filter((value) => value !== undefined);
    if (new Set(given).size < given.length) throw new CallError(`sendBatch: two entries have the same ${name}.`);
  }
}

function matches(value: unknown, pattern: RegExp): boolean {
  return typeof value === "string" && pattern.test(value);
}

/** Makes the message of the input and asks the guard. When either ends the journey, it has its result. */
async function begin(core: Core, lanes: readonly Lane[], call: Call): Promise<Journey> {
  const { channel } = (lanes[0] as Lane).provider;
  const messageId = call.messageId ?? `msg_${crypto.randomUUID()}`;
  const message = normalised(channel, withDefaults(call.message, core.defaults[channel.id]));
  const journey: Journey = {
    channel,
    message: message as Message,
    messageId,
    idempotencyKey: call.idempotencyKey ?? messageId,
    attempts: [],
    unknown: false,
    duplicate: false,
  };
  if (isRefusal(message)) return { ...journey, result: failed(journey, message) };
  return core.guard === "live" ? journey : guarded(core, journey);
}

async function guarded(core: Core, journey: Journey): Promise<Journey> {
  const { channel, message } = journey;
  const keep = (reason: string): Journey => ({ ...journey, result: captured(journey, reason) });
  try {
    const addresses = await channel.addresses(message);
    const redact = redactor(addresses.flatMap((address) => address.secrets));
    const decision = await applyGuard(core.guard, { channel: channel.id, message, addresses });
    if ("redirect" in decision) {
      const redirected = channel.withRecipient(message, decision.redirect);
      return redirected ? { ...journey, message: redirected } : keep("this message cannot be redirected");
    }
    return decision.pass ? journey : keep(redact(decision.reason));
  } catch {
    return keep("the guard could not be asked");
  }
}

/** The message's own content, and the default for what it leaves out. */
function withDefaults(message: unknown, defaults: Readonly<Record<string, unknown>> | undefined): unknown {
  if (!defaults) return message;
  const merged: Record<string, unknown> = { ...(message as object) };
  for (const [name, value] of Object.entries(defaults)) if (merged[name] === undefined) merged[name] = value;
  return merged;
}

function normalised(channel: Channel, input: unknown): Message | Refusal {
  try {
    return channel.normalise(input);
  } catch {
    return { ok: false, kind: "invalid-message", field: "", detail: "The message could not be read" };
  }
}

function isRefusal(message: Message | Refusal): message is Refusal {
  return "ok" in message && message.ok === false;
}
