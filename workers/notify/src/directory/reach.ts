import type { Preference } from "./preferences.ts";

/** Somewhere that somebody can be reached. */
export interface ReachedAddress {
  readonly recipient: string;
  readonly channel: string;
  readonly addressKey: string;
  /** As the channel takes it. */
  readonly address: unknown;
  readonly label: string;
  /** Id of the device that it is; undefined: the app gave it. */
  readonly device: string | undefined;
}

/** What is known of some recipients, as far as sending to them needs it. */
export interface Reach {
  /** Those that there are. */
  readonly known: ReadonlySet<string>;
  /** Those that are being erased. */
  readonly erasing: ReadonlySet<string>;
  /** The preferred one of each channel that an app gives addresses for, and devices: those seen last first. */
  readonly addresses: readonly ReachedAddress[];
  readonly preferences: ReadonlyMap<string, readonly Preference[]>;
  /** There are devices beyond these: those of recipients after this one, in the order of ids, are not among them. */
  readonly completeUpTo: string | undefined;
}

type AddressRow = {
  recipient: string;
  channel: string;
  address_key: string;
  address: string;
  label: string;
  device: string | null;
};

/** Reads all that is needed of them at once, and no more than `maxDevices` devices, which one recipient has at most half of. */
export async function readReach(
  db: D1Database,
  recipients: readonly string[],
  channels: readonly string[],
  maxDevices: number,
): Promise<Reach> {
  const ids = JSON.stringify(recipients);
  const among = "IN (SELECT value FROM json_each(?1))";
  const [known, erasing, addresses, devices, preferences] = (await db.batch([
    db.prepare(`SELECT id FROM recipient WHERE id ${among}`).bind(ids),
    db.prepare(`SELECT recipient AS id FROM erasure WHERE recipient ${among}`).bind(ids),
    db
      .prepare(
        `SELECT recipient, channel, address_key, address, label, NULL AS device FROM recipient_address
         WHERE recipient ${among} AND position = 0 AND channel IN (SELECT value FROM json_each(?2))`,
      )
      .bind(ids, JSON.stringify(channels)),
    db
      .prepare(
        `SELECT recipient, channel, address_key, address, label, id AS device FROM device
         WHERE recipient ${among} AND channel IN (SELECT value FROM json_each(?2)) AND retired_at IS NULL
         ORDER BY recipient, channel, seen_at DESC, id LIMIT ?3`,
      )
      .bind(ids, JSON.stringify(channels), maxDevices),
    db.prepare(`SELECT recipient, category, channel, wanted FROM preference WHERE recipient ${among}`).bind(ids),
  ])) as [
    D1Result<{ id: string }>,
    D1Result<{ id: string }>,
    D1Result<AddressRow>,
    D1Result<AddressRow>,
    D1Result<{ recipient: string; category: string; channel: string; wanted: number }>,
  ];
  const said = new Map<string, Preference[]>();
  for (const { recipient, category, channel, wanted } of preferences.results) {
    said.set(recipient, [...(said.get(recipient) ?? []), { category, channel, wanted: wanted === 1 }]);
  }
  const last = devices.results.length < maxDevices ? undefined : devices.results.at(-1)?.recipient;
  return {
    known: new Set(known.results.map(({ id }) => id)),
    erasing: new Set(erasing.results.map(({ id }) => id)),
    addresses: [...addresses.results, ...devices.results].map(
      ({ recipient, channel, address_key, address, label, device }) => ({
        recipient,
        channel,
        addressKey: address_key,
        address: JSON.parse(address) as unknown,
        label,
        device: device ?? undefined,
      }),
    ),
    preferences: said,
    // One who has so many alone is reached on these.
    completeUpTo:
      devices.results.findLast(({ recipient }) => last !== undefined && recipient !== last)?.recipient ?? last,
  };
}
