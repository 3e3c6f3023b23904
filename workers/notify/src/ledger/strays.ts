import { addressEffect } from "./address-effects.ts";
import { consequenceIn, eventKey } from "./incoming-event.ts";
import type { IncomingEvent } from "./incoming-event.ts";
import type { Effect } from "./outbox.ts";
import { execForEach } from "./sql.ts";

/** What events of no message cause for their addresses. */
export function effectsOfStrays(sql: SqlStorage, strays: readonly IncomingEvent[]): readonly Effect[] {
  const causing = strays.filter((event) => event.about !== undefined && consequenceIn(event) !== undefined);
  if (causing.length === 0) return [];
  const known = sql
    .exec<{ id: string; at: number }>(
      `SELECT stray.id, stray.event ->> 'occurredAt' AS at FROM json_each(?1) AS wanted JOIN stray ON stray.id = wanted.value`,
      JSON.stringify(causing.map(eventKey)),
    )
    .toArray();
  const times = new Map(known.map(({ id, at }) => [id, at]));
  return causing.flatMap((event) => {
    const { about } = event;
    const consequence = consequenceIn(event);
    const id = eventKey(event);
    const cause = { id, causedAt: times.get(id) ?? event.occurredAt, message: undefined };
    return (about && consequence && addressEffect(consequence, about, about, cause)) ?? [];
  });
}

/** A stray whose provider names a message is asked for again after these: its message may be known by then (the webhook can be faster than our record). */
export const strayPausesMs: readonly number[] = [60_000, 600_000, 3_600_000];

export function keepStrays(sql: SqlStorage, strays: readonly IncomingEvent[], now: number): void {
  execForEach(
    sql,
    `INSERT OR IGNORE INTO stray (id, event, received_at, due_at)
     SELECT value ->> 'id', value -> 'event', ?2, iif(value -> 'event' ->> 'providerMessageId' IS NULL, NULL, ?3)
     FROM json_each(?1)`,
    strays.map((event) => ({ id: eventKey(event), event })),
    now,
    now + (strayPausesMs[0] ?? 0),
  );
}

/** Strays that are due; what finds no message this time either is asked for once more, and in the end just kept. */
export function takeStrays(sql: SqlStorage, now: number): readonly IncomingEvent[] {
  const rows = sql
    .exec<{ id: string; event: string; tries: number }>(
      "SELECT id, event, tries FROM stray WHERE due_at <= ? LIMIT 200",
      now,
    )
    .toArray();
  execForEach(
    sql,
    "UPDATE stray SET tries = value ->> 'tries', due_at = value ->> 'due' FROM json_each(?1) WHERE stray.id = value ->> 'id'",
    rows.map(({ id, tries }) => {
      const pause = strayPausesMs[tries + 1];
      return { id, tries: tries + 1, due: pause === undefined ? null : now + pause };
    }),
  );
  return rows.map(({ event }) => JSON.parse(event) as IncomingEvent);
}

/** Strays that found their message. */
export function forgetStrays(sql: SqlStorage, events: readonly Pick<IncomingEvent, "provider" | "id">[]): void {
  const ids = events.map(eventKey);
  execForEach(sql, "DELETE FROM stray WHERE id IN (SELECT value FROM json_each(?1))", ids);
}
