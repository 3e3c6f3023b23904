import { stemOf, uuidAt } from "../ids.ts";
import { isPlainObject } from "../recipients/plain-object.ts";
import { readContents } from "./accept.ts";
import { putContents } from "./content-parts.ts";
import type { Erasure } from "./erasures.ts";
import type { MessageRow, StoredAddress } from "./rows.ts";
import { execForEach, withoutPerson } from "./sql.ts";

/** Takes somebody's address out of messages that others got too, and that stay theirs. */
export function eraseFromEnvelopes(sql: SqlStorage, rows: readonly MessageRow[], { marks, recipient }: Erasure): void {
  if (rows.length === 0) return;
  const erased = new Map(marks.map(({ addressKey, erasedKey }) => [addressKey, erasedKey]));
  const person: Spelled = { recipient, addresses: new Set(marks.flatMap((mark) => mark.spelled)) };
  execForEach(
    sql,
    `UPDATE message SET recipient = value -> 'recipient', addresses = value -> 'addresses'
     FROM json_each(?1) WHERE message.uuid = value ->> 'uuid'`,
    rows.map((row) => ({
      uuid: row.uuid,
      recipient: without(JSON.parse(row.recipient), person) ?? null,
      addresses: (JSON.parse(row.addresses) as StoredAddress[]).map(({ key, label }) => {
        const tombstone = erased.get(key);
        return tombstone === undefined ? { key, label } : { key: tombstone, label: "erased" };
      }),
    })),
  );
  // What providers say of one of them names them in its own way.
  execForEach(
    sql,
    `UPDATE timeline SET data = ${withoutPerson("timeline.data")}
     FROM json_each(?1) AS one WHERE timeline.message = one.value`,
    rows.map(({ uuid }) => uuid),
  );
  execForEach(
    sql,
    `UPDATE delivery SET data = json_remove(data, '$.address', '$.reason')
     WHERE endpoint IN (SELECT endpoint FROM listener) AND subject IN (SELECT value FROM json_each(?1))`,
    rows.map(({ uuid }) => uuid),
  );
  eraseCopies(sql, rows, person);
}

/** Whoever is in copy stands in the content. */
function eraseCopies(sql: SqlStorage, rows: readonly MessageRow[], person: Spelled): void {
  const uuids = [...new Set(rows.map(({ uuid }) => uuidAt(stemOf(uuid), 0)))];
  const changed = [...readContents(sql, uuids)].flatMap(([stem, { content }]) => {
    const next = JSON.stringify(withoutCopies(JSON.parse(content) as Record<string, unknown>, person));
    return next === content ? [] : { uuid: uuidAt(stem, 0), content: next };
  });
  putContents(sql, changed);
}

function withoutCopies(content: Readonly<Record<string, unknown>>, person: Spelled): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(content).map(([field, value]) => [
      field,
      ["cc", "bcc", "replyTo"].includes(field) ? without(value, person) : value,
    ]),
  );
}

/** Somebody as requests spell them. */
export interface Spelled {
  readonly recipient: string;
  /** In lower case. */
  readonly addresses: ReadonlySet<string>;
}

/** An address or a named recipient, or a list of them, without this person; undefined where nobody is left. */
export function without(value: unknown, person: Spelled): unknown {
  if (Array.isArray(value)) {
    const kept = value.filter((one) => without(one, person) !== undefined) as unknown[];
    return kept.length > 0 ? kept : undefined;
  }
  if (isPlainObject(value) && value["recipient"] === person.recipient) return undefined;
  const text = isPlainObject(value) ? (value["email"] ?? value["webhookUrl"]) : value;
  return typeof text === "string" && person.addresses.has(text.trim().toLowerCase()) ? undefined : value;
}
