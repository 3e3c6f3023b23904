import type { EventType } from "carillon";
import { expandRequest } from "../src/accept/expand-request.ts";
import { notificationRequest } from "../src/accept/request.ts";
import { metBy } from "../src/dispatch/escalate.ts";
import { notificationOf, partStem, uuidAt } from "../src/ids.ts";
import { accept } from "../src/ledger/accept.ts";
import { claim } from "../src/ledger/claim.ts";
import type { ChunkJob } from "../src/ledger/claim.ts";
import { readPeople, startDueSteps } from "../src/ledger/escalations.ts";
import { ingest } from "../src/ledger/ingest.ts";
import { stepOf, walkOf } from "../src/ledger/person.ts";
import { expireLeases } from "../src/ledger/leases.ts";
import { readMessage, readNotification } from "../src/ledger/read.ts";
import type { MessageDetail, NotificationDetail } from "../src/ledger/read.ts";
import { record } from "../src/ledger/record.ts";
import type { MemberOutcome } from "../src/ledger/settle.ts";
import * as v from "valibot";
import { inShard } from "./shards.ts";
import { attempt, resends } from "./steps.ts";

/** A shard by a clock of the test's own, far ahead of its alarm's: nothing happens there but what the test does. */

export const minute = 60_000;
export const hour = 60 * minute;

export type Outcome = "accepted" | "refused" | "unknown" | "rate-limited" | "suppressed" | "postponed";

let events = 0;

export interface Stage {
  readonly sql: SqlStorage;
  now: number;
  /** Handed to Deliver, which has not answered. */
  readonly open: Map<string, ChunkJob>;
  /** Accepts a request; gives back the notification's uuid. */
  accept(request: object): Promise<string>;
  /** What the alarm does, so much later. Gives back uuids of what was handed to Deliver. */
  turn(laterMs?: number): readonly string[];
  /** Deliver's answer about a message of an open chunk; the chunk's others come to `others`. */
  tell(uuid: string, outcome: Outcome, others?: Outcome): void;
  /** A provider's report. */
  report(uuid: string, type: EventType, id?: string): void;
  notification(uuid: string): NotificationDetail;
  message(uuid: string): MessageDetail;
  /** uuid of the person's message of a step's only channel; steps and people count from 1. */
  at(notification: string, step: number, person?: number): string;
}

export function onStage(
  play: (stage: Stage) => Promise<void> | void,
  settings: typeof resends = resends,
): Promise<void> {
  return inShard(0, async (sql, storage) => {
    const inOne = <T>(work: () => T): T => storage.transactionSync(work);
    for (const table of [
      "message",
      "notification",
      "content_part",
      "timeline",
      "chunk",
      "escalation",
      "dead_letter",
      "lane_pause",
      "lane_gate",
    ]) {
      sql.exec(`DELETE FROM ${table}`);
    }
    const stage: Stage = {
      sql,
      now: Date.now() + 30 * 24 * hour,
      open: new Map(),
      async accept(request) {
        const value = v.parse(notificationRequest, request);
        const expanded = await expandRequest(value, settings, new Date(stage.now));
        if (!expanded.ok) throw new Error(JSON.stringify(expanded.errors));
        const { notification } = expanded;
        inOne(() => accept(sql, { now: stage.now, notifications: [notification], idempotency: undefined }, settings));
        return uuidAt(notification.stem, 0);
      },
      turn(laterMs = 0) {
        stage.now += laterMs;
        const jobs = inOne(() => {
          expireLeases(sql, stage.now, settings);
          startDueSteps(sql, stage.now);
          // What a turn hands out beside chunks is carried out at once.
          sql.exec("DELETE FROM outbox");
          return claim(sql, 0, stage.now, settings);
        });
        const uuids = jobs.flatMap((job) => job.members.map(({ uuid }) => uuid));
        for (const job of jobs) for (const { uuid } of job.members) stage.open.set(uuid, job);
        return uuids;
      },
      tell(uuid, outcome, others = "accepted") {
        const job = stage.open.get(uuid)!;
        const { chunk, token, lane, members } = job;
        const outcomes = members.map((one) => told(one.uuid, one.uuid === uuid ? outcome : others, job));
        for (const one of members) stage.open.delete(one.uuid);
        inOne(() => record(sql, { chunk, token, lane, now: stage.now, outcomes }, settings));
      },
      report(uuid, type, id = `event-${(events += 1)}`) {
        const event = {
          uuid,
          id,
          provider: readMessage(sql, uuid)?.provider ?? "resend",
          type,
          occurredAt: stage.now,
          providerMessageId: uuid,
          addressKey: undefined,
          providerType: type,
          reason: undefined,
          code: undefined,
          raw: null,
          consequence: null,
        };
        inOne(() => ingest(sql, [event], stage.now, settings));
      },
      notification: (uuid) => readNotification(sql, uuid, stage.now)!,
      message: (uuid) => readMessage(sql, uuid)!,
      at(notification, step, person = 1) {
        const { route } = stage.notification(notification).route!;
        const part = route.steps[step - 1]!.parts[0]!;
        return uuidAt(partStem(notification, part), 0x80000000 + (person - 1) * 0x1000);
      },
    };
    await play(stage);
  });
}

function told(uuid: string, outcome: Outcome, { lane }: ChunkJob): MemberOutcome {
  const provider = lane.slice(0, lane.indexOf(":"));
  switch (outcome) {
    case "accepted":
      return attempt(uuid, { provider, outcome: "accepted", kind: undefined, providerMessageId: uuid });
    case "refused":
      return attempt(uuid, { provider, outcome: "failed", kind: "invalid-message" });
    case "rate-limited":
      return attempt(uuid, { provider, outcome: "failed", kind: "rate-limited" });
    case "unknown":
      return attempt(uuid, { provider });
    case "suppressed":
      return { uuid, kind: "suppressed", reason: "bounced", scope: "all" };
    case "postponed":
      return { uuid, kind: "postponed", reason: "The turn was over.", forMs: minute };
  }
}

/** What meets the condition of a message's step, by what is known now: asked of the rows anew. */
export function isMet(stage: Stage, uuid: string): boolean {
  const escalation = `${uuid.slice(0, 22)}00${uuid.slice(24, 29)}000`;
  const [person] = readPeople(stage.sql, [escalation]);
  if (person === undefined) throw new Error(`${notificationOf(uuid)} has no such person`);
  return metBy(walkOf(person, stage.now), person.trace.started, stepOf(person.route, uuid)) !== undefined;
}
