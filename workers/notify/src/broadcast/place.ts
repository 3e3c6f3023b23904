import { sha256Hex } from "../digest.ts";
import { lastPosition } from "../ledger/parts.ts";

/** Where a message of a broadcast is to be found, by whom it is for: the same each time that a page is read. */
export interface Place {
  readonly shard: number;
  /** The first that it may stand at. */
  readonly position: number;
  /** 96 bits that tell it from another there. */
  readonly member: string;
}

/**
 * The id of a message is the hash of its notification and of whom it is for, as far as an id has room: all of the hash's first
 * 32 bits choose the shard, and 31 more the position under the notification's stem, where ids of lists have their place in
 * the list. That keeps ids parseable like any other, their order, and the stem that a message shares with its content. 31
 * bits are too few to be nobody else's, so the shard compares 96 further ones, and takes the next free position.
 */
export async function placeOf(stem: string, whom: string, shards: number): Promise<Place> {
  const hash = await sha256Hex(`${stem} ${whom}`);
  const bits = (from: number): number => Number.parseInt(hash.slice(from, from + 8), 16);
  return { shard: bits(0) % shards, position: (bits(8) % lastPosition) + 1, member: hash.slice(16, 40) };
}
