import { eventTypes } from "carillon";
import type { AttemptReport, EventType } from "carillon";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { newStem, uuidAt } from "../src/ids.ts";
import type { IncomingEvent } from "../src/ledger/incoming-event.ts";
import type { Ledger } from "../src/ledger/ledger.ts";
import { statusInSql } from "../src/ledger/status-sql.ts";
import { inShard } from "./shards.ts";

// What a message comes to, whatever the order in which its attempts are recorded and its events arrive.

const addresses = ["p1@simulator.test", "p2@simulator.test"];
const startedAt = Date.UTC(2026, 10, 1);

/** One try; its number is its place in the list. One that was not accepted may have been sent: nobody knows its id. */
interface Try {
  readonly provider: "resend" | "postmark";
  readonly outcome: AttemptReport["outcome"];
}

interface Told {
  readonly type: EventType;
  readonly at: number;
  readonly address: number;
  /** Of the try that it is about. */
  readonly about: number;
  /** Whether the provider says its id of the message: some late bounces do not. */
  readonly named: boolean;
}

interface History {
  readonly tries: readonly Try[];
  readonly events: readonly Told[];
  /** Where it stood before: its retries were over, or one is due. */
  readonly place: "queued" | "failed";
}

type Step = { readonly attempt: number } | { readonly event: number };

const history: fc.Arbitrary<History> = fc
  .array(
    fc.record({
      provider: fc.constantFrom("resend" as const, "postmark" as const),
      outcome: fc.constantFrom("accepted" as const, "unknown" as const, "failed" as const),
    }),
    { minLength: 1, maxLength: 3 },
  )
  .chain((tries) =>
    fc.record({
      tries: fc.constant(tries),
      events: fc.uniqueArray(
        fc.record({
          type: fc.constantFrom<EventType>(...eventTypes),
          at: fc.integer({ min: startedAt, max: startedAt + 1_000_000 }),
          address: fc.nat(1),
          about: fc.nat(tries.length - 1),
          named: fc.boolean(),
        }),
        { minLength: 1, maxLength: 7, selector: ({ at }) => at },
      ),
      place: fc.constantFrom("queued" as const, "failed" as const),
    }),
  );

/** All attempts and all events, events more than once and anywhere; attempts are ours, and keep their order. */
function mixed({ tries, events }: History): fc.Arbitrary<readonly Step[]> {
  const again = fc.array(fc.nat(events.length - 1), { maxLength: 6 });
  const places = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 20, maxLength: 20 });
  return fc.tuple(again, places).map(([again, places]) => {
    const attempts = tries.map((_, attempt) => ({ attempt }));
    const told = [...events.keys(), ...again].map((event) => ({ event }));
    const steps = [...attempts, ...told].map((step, index) => ({ step, place: places[index]! }));
    const ordered = steps.toSorted((a, b) => a.place - b.place).map(({ step }) => step);
    let next = 0;
    return ordered.map((step) => ("attempt" in step ? { attempt: next++ } : step));
  });
}

/** Takes the steps with a new message, in calls of `perCall` events, and gives back what it has come to. */
async function outcomeOf(
  ledger: Ledger,
  sql: SqlStorage,
  { tries, events, place }: History,
  steps: readonly Step[],
  perCall: number,
): Promise<unknown> {
  const stem = newStem(new Date());
  const uuid = uuidAt(stem, 1);
  sql.exec("DELETE FROM outbox");
  const messages = [{ recipient: addresses, addresses: addresses.map((key) => ({ key, label: key })) }];
  const sendAt = Date.now() + 3_600_000;
  const notification = { stem, channel: "email", priority: 1, sendAt, providers: undefined, content: "{}", messages };
  await ledger.accept({ now: Date.now(), idempotency: undefined, notifications: [notification] });
  if (place === "failed")
    sql.exec("UPDATE message SET place = 'failed', status = 'failed', due_at = NULL WHERE uuid = ?", uuid);

  const idOf = (attempt: number): string => `${tries[attempt]!.provider}-${stem}-${attempt}`;
  const record = (attempt: number): Promise<void> => {
    const { provider, outcome } = tries[attempt]!;
    const report: AttemptReport = {
      provider,
      account: "default",
      startedAt: new Date(startedAt + attempt),
      durationMs: 1,
      outcome,
      requestKey: `${uuid}-${attempt}`,
      batchSize: 1,
      ...(outcome === "accepted" ? { providerMessageId: idOf(attempt) } : { kind: "timeout" }),
    };
    const outcomes = [{ uuid, kind: "attempt" as const, report }];
    return ledger.record({ chunk: "gone", token: "gone", lane: `${provider}:default`, now: startedAt, outcomes });
  };
  const incoming = ({ type, at, address, about, named }: Told): IncomingEvent => ({
    uuid,
    id: `${stem}-${at}`,
    provider: tries[about]!.provider,
    type,
    occurredAt: at,
    providerMessageId: named ? idOf(about) : undefined,
    addressKey: addresses[address],
    providerType: type,
    reason: undefined,
    code: undefined,
    raw: null,
  });

  let waiting: IncomingEvent[] = [];
  const flush = async (): Promise<void> => {
    if (waiting.length > 0) await ledger.ingest(waiting, Date.now());
    waiting = [];
  };
  for (const step of steps) {
    if ("event" in step) waiting.push(incoming(events[step.event]!));
    if ("attempt" in step || waiting.length >= perCall) await flush();
    if ("attempt" in step) await record(step.attempt);
  }
  await flush();

  const { status, milestones, timeline } = ledger.readMessage(uuid)!;
  const [inSql] = sql.exec(`SELECT ${statusInSql} AS status FROM message WHERE uuid = ?`, uuid).toArray();
  expect(inSql).toEqual({ status });
  const effects = sql
    // What is learned of a lane is not about the message.
    .exec<{ payload: string }>("SELECT payload FROM outbox WHERE payload ->> 'kind' <> 'pause'")
    .toArray()
    .map(
      ({ payload }) =>
        JSON.parse(payload) as { kind: string; addressKey: string; reason?: string; withdrawn?: boolean },
    );
  // What is withdrawn once stays so, and next to what suppresses for good they say nothing: the directory's tests hold both.
  const withdrawn = new Set(effects.flatMap((one) => (one.withdrawn || one.kind === "suppress" ? one.addressKey : [])));
  const lines = (of: typeof effects): readonly string[] =>
    [...new Set(of.map(({ kind, addressKey, reason }) => `${kind} ${addressKey} ${reason}`))].toSorted();
  return {
    status,
    milestones,
    timeline: timeline
      .map(({ kind, at, data }) => `${kind} ${at} ${kind === "event" ? String(data["type"]) : ""}`)
      .toSorted(),
    suppressions: lines(effects.filter(({ kind }) => kind !== "soft-bounce")),
    softBounces: lines(effects.filter((one) => one.kind === "soft-bounce" && !withdrawn.has(one.addressKey))),
  };
}

function orderly({ tries, events }: History): readonly Step[] {
  const told = [...events.keys()].toSorted((a, b) => events[a]!.at - events[b]!.at);
  return [...tries.map((_, attempt) => ({ attempt })), ...told.map((event) => ({ event }))];
}

describe("a message", { timeout: 60_000 }, () => {
  it("comes to the same in any order of its attempts and events, with any repetition", async () => {
    const mix = history.chain((one) => fc.tuple(fc.constant(one), mixed(one), fc.integer({ min: 1, max: 4 })));
    await inShard(0, async (sql, _, ledger) => {
      await fc.assert(
        fc.asyncProperty(mix, async ([one, steps, perCall]) => {
          const inOrder = await outcomeOf(ledger, sql, one, orderly(one), 1);
          expect(await outcomeOf(ledger, sql, one, steps, perCall)).toEqual(inOrder);
        }),
        { numRuns: 200 },
      );
    });
  });

  const resend = { provider: "resend", outcome: "accepted" } as const;
  const postmark = { provider: "postmark", outcome: "accepted" } as const;
  const told = (type: EventType, minutes: number, more: Partial<Told> = {}): Told => ({
    type,
    at: startedAt + minutes * 60_000,
    address: 0,
    about: 0,
    named: true,
    ...more,
  });
  const days = 3 * 24 * 60;

  it.each<readonly [string, string, History]>([
    [
      "a hard bounce days after the delivery of the same attempt counts",
      "bounced",
      { tries: [resend], place: "queued", events: both([told("delivered", 1), told("bounced", days)]) },
    ],
    [
      "so does one that does not name the provider's id",
      "bounced",
      {
        tries: [resend],
        place: "queued",
        events: both([told("delivered", 1), told("bounced", days, { named: false })]),
      },
    ],
    [
      "a late bounce of one provider does not undo another's delivery",
      "delivered",
      {
        tries: [resend, postmark],
        place: "queued",
        events: both([told("bounced", days), told("delivered", 2, { about: 1 })]),
      },
    ],
    [
      "nor does that of a lost attempt, which nobody knew to have been sent",
      "delivered",
      {
        tries: [{ ...resend, outcome: "unknown" }, resend],
        place: "queued",
        events: both([told("bounced", days), told("delivered", 2, { about: 1 })]),
      },
    ],
    [
      "a delivery after the retries were over wins",
      "delivered",
      { tries: [{ ...resend, outcome: "unknown" }], place: "failed", events: both([told("delivered", days)]) },
    ],
    [
      "a soft bounce and then a delivery is a delivery",
      "delivered",
      { tries: [resend], place: "queued", events: both([told("soft_bounced", 1), told("delivered", 2)]) },
    ],
  ])("comes to it in any order: %s", async (_, status, one) => {
    await inShard(0, async (sql, __, ledger) => {
      await fc.assert(
        fc.asyncProperty(mixed(one), async (steps) => {
          expect(await outcomeOf(ledger, sql, one, steps, 2)).toMatchObject({ status });
        }),
        { numRuns: 20 },
      );
    });
  });
});

/** At both of the message's addresses, a second apart. */
function both(events: readonly Told[]): readonly Told[] {
  return events.flatMap((event) => [event, { ...event, address: 1, at: event.at + 1_000 }]);
}
