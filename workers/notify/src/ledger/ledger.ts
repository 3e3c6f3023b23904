import { DurableObject } from "cloudflare:workers";
import type { AppEvent } from "../endpoints/types.ts";
import type { Env } from "../env.ts";
import { shardOfName, stemOf } from "../ids.ts";
import { createPermits } from "../lane/lanes.ts";
import type { ByPriority } from "../lane/pacer.ts";
import type { Permits } from "../lane/lanes.ts";
import { settingsOf } from "../settings.ts";
import { accept, bind, findAccepted, readContents } from "./accept.ts";
import type { AcceptAnswer, AcceptCommand, IdempotencyKey } from "./accept.ts";
import { arm, nextMoments } from "./arm.ts";
import { auditStatuses } from "./audit-statuses.ts";
import { advance, cancelBroadcast, isPart, keepCounts, moveBroadcast, takeBroadcasts } from "./broadcasts.ts";
import type { Advance, CanceledBroadcast, MovedBroadcast } from "./broadcasts.ts";
import { cancel, reschedule } from "./cancel.ts";
import type { Change, ExpiresBefore, Move, Target } from "./cancel.ts";
import { claim, wanted } from "./claim.ts";
import { discardDeadLetters, findDeadLetters, listDeadLetters } from "./dead-letters.ts";
import type { DeadLetterFilter, ListedDeadLetter } from "./dead-letters.ts";
import { claimDeliveries, settleDeliveries } from "./deliveries.ts";
import type { SettleDeliveries } from "./deliveries.ts";
import { listDeliveries, replayDeliveries, trimDeliveries } from "./delivery-list.ts";
import type { DeliveryCursor, ListedDelivery } from "./delivery-list.ts";
import { startDueSteps } from "./escalations.ts";
import { beginErasure, stepErasures } from "./erasures.ts";
import type { Erasure } from "./erasures.ts";
import { findPersonMessages, readPersonMessages } from "./find-person.ts";
import type { FoundMessages, PersonKeys, PersonMessage } from "./find-person.ts";
import { findByProviderIds, ingest } from "./ingest.ts";
import type { IncomingEvent } from "./incoming-event.ts";
import type { Entrypoints } from "./hand-over.ts";
import { expireLeases } from "./leases.ts";
import { keepListeners, tellerOf } from "./listeners.ts";
import type { Listeners } from "./listeners.ts";
import { takeLookups } from "./lookups.ts";
import { settleLookups } from "./settle-lookups.ts";
import type { SettleLookups } from "./settle-lookups.ts";
import { settleOutbox, takeOutbox } from "./outbox.ts";
import { cancelPart, receivePart, settleCounts, sweepCanceled, takeCounts } from "./parts.ts";
import type { PartAnswer, PartCommand } from "./parts.ts";
import type { PartCounts } from "./part-types.ts";
import { readPulse } from "./pulse.ts";
import type { Pulse } from "./pulse.ts";
import { listMessages, readMessage, readNotification } from "./read.ts";
import type { MessageDetail, MessageSummary, NotificationDetail } from "./read.ts";
import { hearOfPause } from "./pauses.ts";
import type { Pause } from "./pauses.ts";
import { record } from "./record.ts";
import type { RecordCommand } from "./record.ts";
import { replay } from "./replay.ts";
import type { Replay } from "./replay.ts";
import { resolve } from "./resolve.ts";
import type { Resolved, Verdict } from "./resolve.ts";
import { migrate } from "./schema.ts";
import {
  changeSchedule,
  createSchedule,
  listSchedules,
  readSchedule,
  removeSchedule,
  settleRun,
  takeRuns,
} from "./schedules.ts";
import type { RunOutcome, ScheduleDefinition, StoredSchedule } from "./schedules.ts";
import { forgetStrays, takeStrays } from "./strays.ts";
import { addToTally } from "./tally.ts";
import { readTrimmed, trim } from "./trim.ts";
import type { TrimmedCount } from "./trim.ts";
import { mayAlarmSend, notePublished, noteSilence, noteUnpublished, takeWake } from "./wakes.ts";
import type { Wake } from "./wakes.ts";

/**
 * One shard of the ledger: what was asked, and what became of it. Every call that writes is one storage transaction, and
 * arms in it, so that nothing is saved without being scheduled. The object itself waits for nobody: its alarm
 * claims what is due, hands it to stateless entrypoints, and returns.
 */
export class Ledger extends DurableObject<Env> {
  readonly #shard: number;
  readonly #bornAt: number = Date.now();
  /** The moment that the alarm which runs, or ran last, had been set to. */
  #lastAlarmAt = 0;
  readonly #permits: Permits;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#shard = shardOfName(ctx.id.name);
    this.#permits = createPermits(env, this.#shard);
    migrate(ctx.storage);
  }

  accept(command: AcceptCommand): Promise<AcceptAnswer> {
    return this.#write((sql) => accept(sql, command, settingsOf(this.env)));
  }

  /** The same, with routes among them: an object that still runs the code of before must refuse them, and not save a part. */
  acceptRoutes(command: AcceptCommand): Promise<AcceptAnswer> {
    return this.accept(command);
  }

  /** The same, with recipients among them whose addresses are to be looked up. */
  acceptNamed(command: AcceptCommand): Promise<AcceptAnswer> {
    return this.accept(command);
  }

  record(command: RecordCommand): Promise<void> {
    return this.#write((sql) => record(sql, command, settingsOf(this.env)));
  }

  ingest(events: readonly IncomingEvent[], now: number): Promise<void> {
    return this.#write((sql) => ingest(sql, events, now, settingsOf(this.env)));
  }

  settleLookups(command: SettleLookups): Promise<void> {
    return this.#write((sql) => settleLookups(sql, command));
  }

  /** Forgets somebody, in steps; says so by an effect. */
  erase(erasure: Erasure, now: number): Promise<void> {
    return this.#write((sql) => beginErasure(sql, erasure, now));
  }

  /** False when the key is bound to another request. */
  bind(command: IdempotencyKey & { readonly now: number }): Promise<boolean> {
    return this.#write((sql) => bind(sql, command));
  }

  /** A lane's call: it rests. */
  pauseLane(pause: Pause): Promise<void> {
    return this.#write((sql) => hearOfPause(sql, pause));
  }

  /** Counts what came and is not stored. */
  count(name: string, count: number, now: number): Promise<void> {
    return this.#write((sql) => addToTally(sql, name, count, now));
  }

  settleOutbox(ids: readonly string[]): Promise<void> {
    return this.#write((sql) => settleOutbox(sql, ids));
  }

  forgetStrays(events: readonly Pick<IncomingEvent, "provider" | "id">[]): Promise<void> {
    return this.#write((sql) => forgetStrays(sql, events));
  }

  /** Undefined when there is nothing with this id. */
  cancel(target: Target, now: number): Promise<readonly Change[] | CanceledBroadcast | undefined> {
    return this.#write((sql) => {
      if (isPart(sql, target)) return undefined;
      return cancelBroadcast(sql, target.uuid, now) ?? cancel(sql, target, now);
    });
  }

  reschedule(
    target: Target,
    move: Move,
    now: number,
  ): Promise<readonly Change[] | ExpiresBefore | MovedBroadcast | undefined> {
    return this.#write((sql) => {
      if (isPart(sql, target)) return undefined;
      return moveBroadcast(sql, target.uuid, move) ?? reschedule(sql, target, move, now);
    });
  }

  /** Messages that a broadcast makes here; `home` is the shard that took it. */
  receivePart(command: PartCommand): Promise<PartAnswer> {
    return this.#write((sql) => receivePart(sql, command, settingsOf(this.env)));
  }

  advance(page: Advance): Promise<boolean> {
    return this.#write((sql) => advance(sql, page));
  }

  keepCounts(shard: number, counts: readonly PartCounts[]): Promise<void> {
    return this.#write((sql) => {
      for (const one of counts) keepCounts(sql, shard, one);
    });
  }

  settleCounts(told: readonly Pick<PartCounts, "uuid" | "version">[]): Promise<void> {
    return this.#write((sql) => settleCounts(sql, told, Date.now()));
  }

  cancelPart(uuid: string, home: number, at: number): Promise<void> {
    return this.#write((sql) => cancelPart(sql, uuid, home, at));
  }

  /** JSON, for shards that are to have messages of it, too. */
  readContent(uuid: string): string | undefined {
    return readContents(this.ctx.storage.sql, [uuid]).get(stemOf(uuid))?.content;
  }

  resolve(uuid: string, as: Verdict, now: number): Promise<Resolved | undefined> {
    return this.#write((sql) => resolve(sql, uuid, as, now));
  }

  replay(uuids: readonly string[], now: number): Promise<readonly Replay[]> {
    return this.#write((sql) => replay(sql, uuids, now));
  }

  /** Replays the oldest dead letters that a filter means. */
  replayDeadLetters(filter: DeadLetterFilter, limit: number, now: number): Promise<readonly Replay[]> {
    return this.#write((sql) => replay(sql, findDeadLetters(sql, filter, limit), now));
  }

  discardDeadLetters(uuids: readonly string[]): Promise<readonly string[]> {
    return this.#write((sql) => discardDeadLetters(sql, uuids));
  }

  /** Discards the oldest dead letters that a filter means. */
  discardMatching(filter: DeadLetterFilter, limit: number): Promise<readonly string[]> {
    return this.#write((sql) => discardDeadLetters(sql, findDeadLetters(sql, filter, limit)));
  }

  listDeadLetters(filter: DeadLetterFilter, before: string | undefined, limit: number): readonly ListedDeadLetter[] {
    return listDeadLetters(this.ctx.storage.sql, filter, before, limit);
  }

  /** What is to be told to apps and comes from elsewhere. */
  tell(events: readonly AppEvent[]): Promise<void> {
    return this.#write((sql) => {
      const teller = tellerOf(sql);
      for (const event of events) teller.tell(event);
      teller.write(Date.now());
    });
  }

  listen(listeners: Listeners): Promise<void> {
    return this.#write((sql) => keepListeners(sql, listeners));
  }

  settleDeliveries(command: SettleDeliveries): Promise<void> {
    return this.#write((sql) => settleDeliveries(sql, command));
  }

  replayDeliveries(endpoint: string, which: readonly DeliveryCursor[] | "dead"): Promise<number> {
    return this.#write((sql) => replayDeliveries(sql, endpoint, which, Date.now()));
  }

  listDeliveries(endpoint: string, options: Parameters<typeof listDeliveries>[2]): readonly ListedDelivery[] {
    return listDeliveries(this.ctx.storage.sql, endpoint, options);
  }

  /** Undefined when another schedule has this uuid: its key was used for another request. */
  createSchedule(
    uuid: string,
    definition: ScheduleDefinition,
    now: number,
  ): Promise<{ readonly schedule: StoredSchedule; readonly repeated: boolean } | undefined> {
    return this.#write((sql) => createSchedule(sql, uuid, definition, now));
  }

  changeSchedule(uuid: string, to: Partial<ScheduleDefinition>, now: number): Promise<StoredSchedule | undefined> {
    return this.#write((sql) => changeSchedule(sql, uuid, to, now));
  }

  removeSchedule(uuid: string): Promise<boolean> {
    return this.#write((sql) => removeSchedule(sql, uuid));
  }

  settleRun(uuid: string, runAt: number, outcome: RunOutcome, now: number): Promise<void> {
    return this.#write((sql) => settleRun(sql, uuid, runAt, outcome, now));
  }

  readSchedule(uuid: string): StoredSchedule | undefined {
    return readSchedule(this.ctx.storage.sql, uuid);
  }

  listSchedules(after: string, limit: number): readonly StoredSchedule[] {
    return listSchedules(this.ctx.storage.sql, after, limit);
  }

  readTrimmed(): readonly TrimmedCount[] {
    return readTrimmed(this.ctx.storage.sql);
  }

  findAccepted(idempotency: IdempotencyKey, now: number): readonly string[] | undefined {
    return findAccepted(this.ctx.storage.sql, idempotency, now);
  }

  findByProviderIds(
    wanted: readonly { readonly provider: string; readonly id: string }[],
  ): readonly { readonly provider: string; readonly id: string; readonly uuid: string }[] {
    return findByProviderIds(this.ctx.storage.sql, wanted);
  }

  listMessages(before: string | undefined, limit: number): readonly MessageSummary[] {
    return listMessages(this.ctx.storage.sql, before, limit);
  }

  findPersonMessages(person: PersonKeys, before: string | undefined, limit: number): FoundMessages {
    return findPersonMessages(this.ctx.storage.sql, person, before, limit);
  }

  readPersonMessages(uuids: readonly string[]): readonly PersonMessage[] {
    return readPersonMessages(this.ctx.storage.sql, uuids);
  }

  readMessage(uuid: string): MessageDetail | undefined {
    return readMessage(this.ctx.storage.sql, uuid);
  }

  readNotification(uuid: string): NotificationDetail | undefined {
    return readNotification(this.ctx.storage.sql, uuid, Date.now());
  }

  pulse(now: number): Promise<Pulse> {
    return readPulse(this.ctx.storage, this.#shard, now);
  }

  /** The cron's call: trims, audits, learns who listens if it missed that, and sets the alarm if it was lost. */
  sweep(now: number, listeners?: Listeners): Promise<void> {
    return this.#write((sql) => {
      trim(sql, now, settingsOf(this.env));
      trimDeliveries(sql, now);
      auditStatuses(sql, now);
      if (listeners !== undefined) keepListeners(sql, listeners);
    });
  }

  /** Of a wake that was handed over to be published: what the queue answered when it did not take it. */
  settleWake(wake: Wake, refused?: string): Promise<void> {
    const now = Date.now();
    return this.#write((sql) =>
      refused === undefined ? notePublished(sql, wake, now) : noteUnpublished(sql, wake, refused, now),
    );
  }

  /** The queue's call: sends all that is due. Which wake it stands for decides nothing. */
  async wake(at: number): Promise<{ readonly earlyMs: number } | { readonly handedOut: number }> {
    const now = Date.now();
    if (at > now) return { earlyMs: at - now };
    const handedOut = await this.#turn(true, (sql) => {
      takeWake(sql, now);
      return true;
    });
    return { handedOut };
  }

  override async alarm(info?: AlarmInvocationInfo): Promise<void> {
    this.#lastAlarmAt = info?.scheduledTime ?? Date.now();
    const { sql: stored } = this.ctx.storage;
    const sends = !this.#isByQueue() || mayAlarmSend(stored, nextMoments(stored).sendAt);
    await this.#turn(sends, (sql, now) => {
      if (!this.#isByQueue()) return true;
      noteSilence(sql, now);
      return mayAlarmSend(sql, nextMoments(sql).sendAt);
    });
  }

  /**
   * Takes back what was lost, and hands out what is due: sends, where `maySend` says so, with permits that are asked for where
   * that is expected. Answers how much it handed out.
   */
  async #turn(expected: boolean, maySend: (sql: SqlStorage, now: number) => boolean): Promise<number> {
    const settings = settingsOf(this.env);
    // Before the transaction, which spans no call: a lane that hangs costs this turn a second, and holds nothing.
    const uses = expected ? wanted(this.ctx.storage.sql, Date.now(), settings) : new Map<string, ByPriority>();
    const permitted = await this.#permits.ask(uses);
    const now = Date.now();
    const turn = await this.ctx.storage.transaction(async () => {
      const { sql } = this.ctx.storage;
      const sends = maySend(sql, now);
      expireLeases(sql, now, settings);
      stepErasures(sql, now);
      if (sends) startDueSteps(sql, now);
      sweepCanceled(sql, now);
      const taken = {
        jobs: sends ? claim(sql, this.#shard, now, settings, permitted) : [],
        effects: takeOutbox(sql, now),
        strays: takeStrays(sql, now),
        runs: takeRuns(sql, now, sends ? "due" : "handed-out"),
        lookups: takeLookups(sql, this.#shard, now, sends),
        tells: claimDeliveries(sql, this.#shard, now),
        broadcasts: takeBroadcasts(sql, this.#shard, now),
        counts: takeCounts(sql, now),
      };
      return { ...taken, wake: await this.#arm(now) };
    });
    const { Broadcasts, Deliver, Effects, Recipients, Schedules, Wakes } = this.ctx.exports as unknown as Entrypoints;
    const handed: Promise<void>[] = turn.jobs.map((job) => Deliver.deliver(job));
    if (turn.effects.length > 0) handed.push(Effects.apply(this.#shard, turn.effects));
    if (turn.strays.length > 0) handed.push(Effects.correlate(this.#shard, turn.strays));
    for (const job of turn.lookups) handed.push(Recipients.lookUp(job));
    for (const job of turn.tells) handed.push(Effects.tell(job));
    for (const job of turn.broadcasts) handed.push(Broadcasts.read(job));
    if (turn.counts.length > 0) handed.push(Broadcasts.tell(this.#shard, turn.counts));
    if (turn.runs.length > 0) handed.push(Schedules.fire(this.#shard, turn.runs));
    const handedOut = handed.length;
    if (turn.wake !== undefined) handed.push(Wakes.publish(turn.wake));
    // All answer at once and work on by themselves. What could not be handed over comes back when its lease ends.
    await Promise.allSettled(handed);
    return handedOut;
  }

  async #write<T>(work: (sql: SqlStorage) => T): Promise<T> {
    const { result, wake } = await this.ctx.storage.transaction(async () => {
      const done = work(this.ctx.storage.sql);
      // By this object's own clock: the caller's may be behind, at the very moment of the alarm that runs.
      return { result: done, wake: await this.#arm(Date.now()) };
    });
    if (wake !== undefined) {
      const { Wakes } = this.ctx.exports as unknown as Entrypoints;
      // Nobody waits for it: that it is wanted stands in the ledger.
      Wakes.publish(wake).catch(() => undefined);
    }
    return result;
  }

  #arm(now: number): Promise<Wake | undefined> {
    return arm(this.ctx.storage, {
      shard: this.#shard,
      now,
      bornAt: this.#bornAt,
      lastAlarmAt: this.#lastAlarmAt,
      byQueue: this.#isByQueue(),
    });
  }

  #isByQueue(): boolean {
    return settingsOf(this.env).scheduler.queue !== undefined;
  }
}
