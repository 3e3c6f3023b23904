import { eventTypes, receiveWebhook } from "carillon";
import type { DeliveryEvent } from "carillon";
import { attempts } from "./corpus.ts";
import type { Attempt, Family } from "./corpus.ts";
import type { Receiver } from "./receiver.ts";
import { isAbout, uncovered, unverifiable } from "./uncovered.ts";

export const now: Date = new Date("2026-01-02T03:04:05Z");

/** What a receiver made of its part of the corpus. */
export interface Study {
  readonly count: number;
  readonly byFamily: Readonly<Partial<Record<Family, number>>>;
  /** Sentences; none when all is well. */
  readonly wrong: readonly string[];
  /** The lines of the tables that were needed. */
  readonly used: ReadonlySet<unknown>;
  readonly slowest: readonly { readonly ms: number; readonly what: string }[];
}

/**
 * As many passes over a request as a receiver may make: ten signatures, two keys. What grows faster than the request shows
 * here however fast the machine is.
 */
const maxPasses = 24;

/** Nothing linear takes that long for a megabyte; what is quadratic takes minutes. The fastest of three tries counts. */
const maxMs = 1_000;

export async function study(receiver: Receiver): Promise<Study> {
  const source = receiver.create();
  const wrong: string[] = [];
  const used = new Set<unknown>();
  const times: { ms: number; what: string }[] = [];
  const byFamily: Partial<Record<Family, number>> = {};
  const meter = meteredCrypto();
  const receive = async ({ request }: Attempt): Promise<Awaited<ReturnType<typeof receiveWebhook>>> =>
    receiveWebhook(source, request, { now: () => now, fetch: receiver.fetch });
  try {
    for await (const attempt of attempts(receiver, now)) {
      const name = `${attempt.family}: ${attempt.what}`;
      byFamily[attempt.family] = (byFamily[attempt.family] ?? 0) + 1;
      meter.bytes = 0;
      try {
        const started = performance.now();
        const received = await receive(attempt);
        let ms = performance.now() - started;
        const passes = meter.bytes / sizeOf(attempt);
        if (passes > maxPasses) wrong.push(`${name}: ${Math.round(passes)} passes over it`);
        for (let tries = 1; ms > maxMs && tries < 3; tries += 1) {
          const again = performance.now();
          await receive(attempt);
          ms = Math.min(ms, performance.now() - again);
        }
        if (ms > maxMs) wrong.push(`${name}: ${Math.round(ms)} ms`);
        times.push({ ms, what: name });
        if (received.ok) {
          const line = uncovered.find((one) => isAbout(one, attempt));
          used.add(line);
          if (line === undefined) wrong.push(`${name}: let in`);
          const covered = receiver.covered(attempt.request);
          if (!attempt.genuine.some((one) => receiver.covered(one) === covered)) {
            wrong.push(`${name}: let in, and not what was signed`);
          }
          wrong.push(...malformed(receiver, received.events).map((text) => `${name}: ${text}`));
        } else if (received.reason === "unverifiable") {
          const line = unverifiable.find((one) => isAbout(one, attempt));
          used.add(line);
          if (line === undefined) wrong.push(`${name}: unverifiable, ${String(received.error)}`);
        } else if (received.response.status >= 500) {
          wrong.push(`${name}: ${received.reason}, ${String(received.error)}`);
        }
      } catch (error) {
        wrong.push(`${name}: throws ${String(error)}`);
      }
      if ("polluted" in {}) wrong.push(`${name}: changes what every object has`);
    }
  } finally {
    meter.stop();
  }
  const slowest = times.sort((a, b) => b.ms - a.ms).slice(0, 3);
  return { count: times.length, byFamily, wrong, used, slowest };
}

/** URL, headers and body, and what a small request costs however small it is. */
function sizeOf({ request: { url, headers, body } }: Attempt): number {
  return 500 + url.length + body.length + headers.flat().join("").length;
}

function malformed({ provider }: Receiver, events: readonly DeliveryEvent[]): readonly string[] {
  return events.flatMap((event) => {
    if (typeof event.id !== "string" || event.id === "") return "an event without an id";
    if (event.provider !== provider) return "an event of another provider";
    if (!eventTypes.includes(event.type)) return `an event of type ${event.type}`;
    if (!Number.isFinite(event.occurredAt.getTime())) return "an event without a time";
    const texts = [
      event.messageId,
      event.providerMessageId,
      event.address,
      event.reason,
      event.code,
      event.providerType,
    ];
    return texts.every((text) => text === undefined || typeof text === "string") ? [] : "an event with what is no text";
  });
}

/** Counts the bytes that are hashed and verified. */
function meteredCrypto(): { bytes: number; stop(): void } {
  const { subtle } = crypto;
  const { digest, verify } = subtle;
  const meter = {
    bytes: 0,
    stop(): void {
      Object.assign(subtle, { digest, verify });
    },
  };
  Object.assign(subtle, {
    digest: (...args: Parameters<typeof digest>) => {
      meter.bytes += args[1].byteLength;
      return digest.apply(subtle, args);
    },
    verify: (...args: Parameters<typeof verify>) => {
      meter.bytes += args[3].byteLength;
      return verify.apply(subtle, args);
    },
  });
  return meter;
}
