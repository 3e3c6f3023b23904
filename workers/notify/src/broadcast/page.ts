import { isDeviceChannel } from "../devices/channels.ts";
import { readReach } from "../directory/reach.ts";
import type { ReachedAddress } from "../directory/reach.ts";
import { pageMembers } from "../directory/topics.ts";
import type { Member } from "../directory/topics.ts";
import { stemOf } from "../ids.ts";
import type { PartHead } from "../ledger/part-types.ts";
import type { PartMessage } from "../ledger/parts.ts";
import { isWanted } from "../recipients/preferences.ts";
import type { Settings } from "../settings.ts";
import { defaultCategory } from "../suppress/category.ts";
import { placeOf } from "./place.ts";

/** Members of one page. Each may have many devices. */
const membersPerPage = 500;

/** Devices of one page: twice what one recipient may have, so that each page gets on by one member at least. */
const devicesPerPage = 2_000;

/** Messages for the members of a page, by the shard that each belongs on. */
export interface Page {
  readonly byShard: ReadonlyMap<number, readonly PartMessage[]>;
  /** Where it ended; undefined: there are no more members. */
  readonly cursor: Member | undefined;
  readonly members: number;
  readonly messages: number;
  readonly unwanted: number;
  readonly unreachable: number;
}

/**
 * Reads the members after `cursor` with where they can be reached and what they want. Those who join behind the cursor while
 * a broadcast is under way are not in it.
 */
export async function readPage(
  db: D1Database,
  { categories, shards }: Pick<Settings, "categories" | "shards">,
  topic: string,
  { uuid, channel, category = defaultCategory }: Pick<PartHead, "uuid" | "channel" | "category">,
  cursor: Member | undefined,
): Promise<Page> {
  const found = await pageMembers(db, topic, cursor, membersPerPage);
  const recipients = [...new Set(found.map(({ recipient }) => recipient))];
  const reach = await readReach(db, recipients, [channel], devicesPerPage);
  const { completeUpTo } = reach;
  const members = found.filter(({ recipient }) => completeUpTo === undefined || recipient <= completeUpTo);
  const reached = new Map<string, ReachedAddress[]>();
  for (const address of reach.addresses) {
    const own = reached.get(address.recipient) ?? [];
    reached.set(address.recipient, own);
    own.push(address);
  }
  const byShard = new Map<number, PartMessage[]>();
  const seen = new Set<string>();
  let messages = 0;
  let unwanted = 0;
  let unreachable = 0;
  for (const member of members) {
    if (!isWanted(reach.preferences.get(member.recipient) ?? [], categories, category, channel)) {
      unwanted += 1;
      continue;
    }
    const isHere = reach.known.has(member.recipient) && !reach.erasing.has(member.recipient);
    const addresses = (isHere ? (reached.get(member.recipient) ?? []) : []).filter(
      ({ device }) => member.device === "" || member.device === device,
    );
    if (addresses.length === 0) unreachable += 1;
    for (const { address, addressKey: key, label } of addresses) {
      // Of a device the browser: it is sent one, whoever has it by now. Of anything else the person.
      const whom = isDeviceChannel(channel) ? `device ${key}` : `recipient ${member.recipient}`;
      if (seen.size === seen.add(whom).size) continue;
      const { shard, ...place } = await placeOf(stemOf(uuid), whom, shards);
      const group = byShard.get(shard) ?? [];
      byShard.set(shard, group);
      messages += 1;
      group.push({ ...place, recipient: address, addresses: [{ key, label }], recipientId: member.recipient });
    }
  }
  const isLast = found.length < membersPerPage && members.length === found.length;
  const last = members.at(-1);
  return {
    byShard,
    cursor: isLast || last === undefined ? undefined : { recipient: last.recipient, device: last.device },
    members: members.length,
    messages,
    unwanted,
    unreachable,
  };
}
