import { isPlainObject } from "../recipients/plain-object.ts";
import { without } from "./erase-envelopes.ts";
import type { Spelled } from "./erase-envelopes.ts";
import type { Erasure } from "./erasures.ts";
import { execForEach } from "./sql.ts";

/** Where the next look goes on from; undefined: there is nothing more to look at. */
export type Cursor = string | undefined;

const rowsPerTurn = 500;

/** Addresses that people on routes have for later steps. */
export function eraseWalks(sql: SqlStorage, { marks }: Erasure, after: string): Cursor {
  const rows = sql
    .exec<{ uuid: string; addresses: string }>(
      "SELECT uuid, addresses FROM escalation WHERE uuid > ? ORDER BY uuid LIMIT ?",
      after,
      rowsPerTurn,
    )
    .toArray();
  const keys = new Set(marks.map(({ addressKey }) => addressKey));
  const changed = rows.flatMap(({ uuid, addresses: json }) => {
    const addresses = JSON.parse(json) as Record<string, { recipient: unknown; addresses: { key: string }[] }[]>;
    const kept = Object.fromEntries(
      Object.entries(addresses).map(([part, list]) => [
        part,
        list.filter((one) => !one.addresses.some(({ key }) => keys.has(key))),
      ]),
    );
    return JSON.stringify(kept) === json ? [] : { uuid, kept };
  });
  execForEach(
    sql,
    "UPDATE escalation SET addresses = value -> 'kept' FROM json_each(?1) WHERE escalation.uuid = value ->> 'uuid'",
    changed,
  );
  return rows.length < rowsPerTurn ? undefined : rows.at(-1)?.uuid;
}

/** Events about them that found no message. */
export function eraseStrays(sql: SqlStorage, { marks }: Erasure, after: string): Cursor {
  const rows = sql
    .exec<{ id: string; address: string | null; about: string | null }>(
      `SELECT id, event ->> 'addressKey' AS address, event -> 'about' ->> 'key' AS about
       FROM stray WHERE id > ? ORDER BY id LIMIT ?`,
      after,
      rowsPerTurn,
    )
    .toArray();
  const keys = new Set(marks.map(({ addressKey }) => addressKey));
  const theirs = rows.filter(({ address, about }) => keys.has(address ?? "") || keys.has(about ?? ""));
  execForEach(
    sql,
    "DELETE FROM stray WHERE id IN (SELECT value FROM json_each(?1))",
    theirs.map(({ id }) => id),
  );
  return rows.length < rowsPerTurn ? undefined : rows.at(-1)?.id;
}

/** Effects that are still to be carried out: of an address that is nobody's any more. */
export function eraseEffects(sql: SqlStorage, { marks }: Erasure): Cursor {
  execForEach(
    sql,
    `UPDATE outbox SET payload = json_set(payload, '$.addressKey', one.value ->> 'erasedKey', '$.label', 'erased')
     FROM json_each(?1) AS one WHERE outbox.payload ->> 'addressKey' = one.value ->> 'addressKey'`,
    marks,
  );
  return undefined;
}

/** Schedules go on without them; one that was for them alone is gone. */
export function eraseSchedules(sql: SqlStorage, { marks, recipient }: Erasure, after: string): Cursor {
  const rows = sql
    .exec<{ uuid: string; request: string }>(
      "SELECT uuid, request FROM schedule WHERE uuid > ? ORDER BY uuid LIMIT 20",
      after,
    )
    .toArray();
  const person: Spelled = { recipient, addresses: new Set(marks.flatMap((mark) => mark.spelled)) };
  const gone: string[] = [];
  const changed: { uuid: string; request: string }[] = [];
  for (const { uuid, request: json } of rows) {
    const stored = JSON.parse(json) as { request: { to: unknown }; to: readonly string[] };
    const to = withoutPeople(stored.request.to, person);
    if (to === undefined) gone.push(uuid);
    else if (JSON.stringify(to) !== JSON.stringify(stored.request.to)) {
      const shown = Array.isArray(to) && Array.isArray(stored.request.to) ? shownOf(stored, to) : stored.to;
      changed.push({ uuid, request: JSON.stringify({ ...stored, to: shown, request: { ...stored.request, to } }) });
    }
  }
  execForEach(sql, "DELETE FROM schedule WHERE uuid IN (SELECT value FROM json_each(?1))", gone);
  execForEach(
    sql,
    "UPDATE schedule SET request = value ->> 'request' FROM json_each(?1) WHERE schedule.uuid = value ->> 'uuid'",
    changed,
  );
  return rows.length < 20 ? undefined : rows.at(-1)?.uuid;
}

/** Labels stand in the order of the list, as long as nobody is in it twice; else they are not shown any more. */
function shownOf(
  { request, to: labels }: { readonly request: { readonly to: unknown }; readonly to: readonly string[] },
  kept: readonly unknown[],
): readonly string[] {
  const before = request.to as readonly unknown[];
  return before.length === labels.length ? labels.filter((_, index) => kept.includes(before[index])) : [];
}

/** A list of addresses or people; of a route's people, addresses by channel. */
function withoutPeople(to: unknown, person: Spelled): unknown {
  if (Array.isArray(to)) {
    const kept = to.filter((one) => withoutPeople(one, person) !== undefined) as unknown[];
    return kept.length > 0 ? kept : undefined;
  }
  const left = without(to, person);
  if (left === undefined || !isPlainObject(left)) return left;
  const values = Object.values(left).flat();
  return values.some((value) => without(value, person) === undefined) ? undefined : left;
}

/** What apps were told of them that was about no message. What is still to be told loses only what names them. */
export function eraseDeliveries(sql: SqlStorage, { marks, recipient }: Erasure, after: string): Cursor {
  const [endpoint = "", subject = ""] = after.split(" ");
  const rows = sql
    .exec<{ endpoint: string; subject: string }>(
      `SELECT DISTINCT endpoint, subject FROM delivery WHERE (endpoint, subject) > (?, ?)
       ORDER BY endpoint, subject LIMIT ?`,
      endpoint,
      subject,
      rowsPerTurn,
    )
    .toArray();
  const labels = JSON.stringify(marks.map(({ channel, label }) => ({ channel, label })));
  execForEach(
    sql,
    `UPDATE delivery SET data = json_remove(data, '$.address', '$.recipient') FROM json_each(?1) AS one
     WHERE delivery.endpoint = one.value ->> 'endpoint' AND delivery.subject = one.value ->> 'subject'
       AND delivery.type NOT LIKE 'message.%' AND (delivery.data ->> 'recipient' = ?2
         OR (delivery.state <> 'pending' AND EXISTS (SELECT 1 FROM json_each(?3) AS mark
             WHERE mark.value ->> 'channel' = delivery.data ->> 'channel'
               AND mark.value ->> 'label' = delivery.data ->> 'address')))`,
    rows,
    recipient,
    labels,
  );
  const last = rows.at(-1);
  return rows.length < rowsPerTurn || last === undefined ? undefined : `${last.endpoint} ${last.subject}`;
}
