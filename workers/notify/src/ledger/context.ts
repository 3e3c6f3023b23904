import { lanesFor } from "../dispatch/lanes.ts";
import type { Lane } from "../dispatch/lanes.ts";
import { stemOf, uuidAt } from "../ids.ts";
import type { Settings } from "../settings.ts";
import { optionalCategory } from "../suppress/category.ts";
import type { MessageRow } from "./rows.ts";

/** What a message's notification says of how it may travel. */
export interface Context {
  readonly channel: string;
  readonly lanes: readonly Lane[];
  /** When it was first due. */
  readonly sendAt?: number | undefined;
  /** Nothing is sent from then on. */
  readonly expiresAt?: number | undefined;
  /** Set for what one may unsubscribe from. */
  readonly optOutCategory?: string | undefined;
}

/** By stem of the messages' uuids. */
export function contextsOf(sql: SqlStorage, rows: Iterable<MessageRow>, settings: Settings): Map<string, Context> {
  const uuids = new Set(Array.from(rows, ({ uuid }) => uuidAt(stemOf(uuid), 0)));
  if (uuids.size === 0) return new Map();
  const found = sql
    .exec<
      Record<"uuid" | "channel", string> &
        Record<"providers" | "category", string | null> & { send_at: number; expires_at: number | null }
    >(
      `SELECT uuid, channel, providers, category, send_at, expires_at FROM json_each(?1) AS wanted
       JOIN notification ON notification.uuid = wanted.value`,
      JSON.stringify([...uuids]),
    )
    .toArray();
  return new Map(
    found.map(({ uuid, channel, providers, category, send_at, expires_at }) => [
      stemOf(uuid),
      {
        channel,
        lanes: lanesFor(settings, channel, readProviders(providers)),
        sendAt: send_at,
        expiresAt: expires_at ?? undefined,
        optOutCategory: optionalCategory(settings.categories, category),
      },
    ]),
  );
}

/** When a message that waits is looked at next: when it is due, or when it expires, whichever comes first. */
export function dueOrExpired(at: number, expiresAt: number | null | undefined): number {
  return Math.min(at, expiresAt ?? at);
}

/** A notification's own choice of providers; undefined leaves it to the deployment. */
export function readProviders(json: string | null): readonly string[] | undefined {
  return json === null ? undefined : (JSON.parse(json) as string[]);
}
