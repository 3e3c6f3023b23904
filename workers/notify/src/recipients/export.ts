import { listKnownAddresses } from "../directory/erasures.ts";
import type { Env } from "../env.ts";
import type { PersonMessage } from "../ledger/find-person.ts";
import { allShards, shardStub } from "../ledger/shards.ts";

/** A page of what was sent to somebody. */
export interface ExportedPage {
  readonly messages: readonly { readonly shard: number; readonly message: PersonMessage }[];
  /** Where the next page begins; undefined: this was the last. A page may be empty and not the last. */
  readonly next: string | undefined;
}

/**
 * Messages to somebody, by name or to an address that is theirs now, newest first. Each shard looks at so many a page, and
 * a page reaches as far as all have looked.
 */
export async function exportMessages(
  env: Env,
  recipient: string,
  before: string | undefined,
  limit: number,
): Promise<ExportedPage> {
  const known = await listKnownAddresses(env.DB, recipient);
  const keys = { recipient, addressKeys: known.map(({ addressKey }) => addressKey) };
  const looks = await Promise.all(
    allShards(env).map(async (shard) => ({
      shard,
      ...(await shardStub(env, shard).findPersonMessages(keys, before, limit)),
    })),
  );
  const lookedTo = looks.flatMap((look) => look.lookedTo ?? []).sort();
  const end = lookedTo.at(-1);
  const found = looks
    .flatMap(({ shard, uuids }) => uuids.map((uuid) => ({ shard, uuid })))
    .filter(({ uuid }) => end === undefined || uuid >= end)
    .sort((a, b) => (a.uuid < b.uuid ? 1 : -1));
  const page = found.slice(0, limit);
  const details = await Promise.all(
    [...new Set(page.map(({ shard }) => shard))].map(async (shard) => {
      const uuids = page.filter((one) => one.shard === shard).map(({ uuid }) => uuid);
      // The types of calls give up where a timeline's entry holds anything.
      const read = shardStub(env, shard).readPersonMessages(uuids) as unknown as Promise<readonly PersonMessage[]>;
      const messages = await read;
      return messages.map((message) => ({ shard, message }));
    }),
  );
  return {
    messages: details.flat().sort((a, b) => (a.message.uuid < b.message.uuid ? 1 : -1)),
    next: found.length > limit ? page.at(-1)?.uuid : end,
  };
}
