import { readMessage } from "./read.ts";
import type { MessageDetail } from "./read.ts";

/** Somebody by the app's id of them, and by the keys of their addresses. */
export interface PersonKeys {
  readonly recipient: string;
  readonly addressKeys: readonly string[];
}

export interface FoundMessages {
  /** uuids, newest first. */
  readonly uuids: readonly string[];
  /** All from this uuid on have been looked at; undefined: all there are. */
  readonly lookedTo: string | undefined;
}

/** Messages that one call looks at: an index by address would cost each message a row, when it is accepted. */
const messagesPerLook = 5_000;

/** Messages to somebody among those before a uuid: at most `limit`, newest first. */
export function findPersonMessages(
  sql: SqlStorage,
  { recipient, addressKeys }: PersonKeys,
  before: string | undefined,
  limit: number,
): FoundMessages {
  const end = before ?? "g";
  const last = sql
    .exec<{ uuid: string }>(
      "SELECT uuid FROM message WHERE uuid < ? ORDER BY uuid DESC LIMIT 1 OFFSET ?",
      end,
      messagesPerLook - 1,
    )
    .toArray()[0]?.uuid;
  const uuids = sql
    .exec<{ uuid: string }>(
      `SELECT uuid FROM message WHERE uuid < ?1 AND uuid >= ?2 AND (recipient_id = ?3 OR EXISTS (
         SELECT 1 FROM json_each(addresses) AS one WHERE one.value ->> 'key' IN (SELECT value FROM json_each(?4))))
       ORDER BY uuid DESC LIMIT ?5`,
      end,
      last ?? "",
      recipient,
      JSON.stringify(addressKeys),
      limit,
    )
    .toArray()
    .map(({ uuid }) => uuid);
  return { uuids, lookedTo: uuids.length === limit ? uuids.at(-1) : last };
}

export interface PersonMessage extends MessageDetail {
  /** JSON, as it was sent to. */
  readonly address: string;
}

export function readPersonMessages(sql: SqlStorage, uuids: readonly string[]): readonly PersonMessage[] {
  const addresses = new Map(
    sql
      .exec<{ uuid: string; recipient: string }>(
        "SELECT uuid, recipient FROM json_each(?1) AS wanted JOIN message ON message.uuid = wanted.value",
        JSON.stringify(uuids),
      )
      .toArray()
      .map(({ uuid, recipient }) => [uuid, recipient]),
  );
  return uuids.flatMap((uuid) => {
    const detail = readMessage(sql, uuid);
    return detail === undefined ? [] : { ...detail, address: addresses.get(uuid) ?? "null" };
  });
}
