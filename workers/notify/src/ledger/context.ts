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
  /** Set for what one may unsubscribe from. */
  readonly optOutCategory?: string | undefined;
}

/** By stem of the messages' uuids. */
export function contextsOf(sql: SqlStorage, rows: Iterable<MessageRow>, settings: Settings): Map<string, Context> {
  const uuids = new Set(Array.from(rows, ({ uuid }) => uuidAt(stemOf(uuid), 0)));
  if (uuids.size === 0) return new Map();
  const found = sql
    .exec<{ uuid: string; channel: string; providers: string | null; category: string | null }>(
      `SELECT uuid, channel, providers, category FROM json_each(?1) AS wanted
       JOIN notification ON notification.uuid = wanted.value`,
      JSON.stringify([...uuids]),
    )
    .toArray();
  return new Map(
    found.map(({ uuid, channel, providers, category }) => [
      stemOf(uuid),
      {
        channel,
        lanes: lanesFor(settings, channel, readProviders(providers)),
        optOutCategory: optionalCategory(settings.categories, category),
      },
    ]),
  );
}

/** A notification's own choice of providers; undefined leaves it to the deployment. */
export function readProviders(json: string | null): readonly string[] | undefined {
  return json === null ? undefined : (JSON.parse(json) as string[]);
}
