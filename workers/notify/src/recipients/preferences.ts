import type { ChannelId } from "carillon";
import { channelsById } from "carillon/channels";
import * as v from "valibot";
import type { Preference } from "../directory/preferences.ts";
import { invalid } from "../problem.ts";
import type { FieldError } from "../problem.ts";
import { everyCategory, isRequired } from "../suppress/category.ts";
import { isPlainObject } from "./plain-object.ts";
import type { Category } from "../suppress/category.ts";

/** Stands for every channel. */
export const everyChannel = "*";

const channelIds = Object.keys(channelsById) as ChannelId[];

const flag = v.boolean("expected true or false");

/** `PUT .../preferences`. By category, or `*` for all that are not required: for all channels, and for one. */
export const preferencesRequest = v.strictObject(
  {
    preferences: v.pipe(
      v.custom<object>(isPlainObject, "expected an object by category"),
      v.record(
        v.string(),
        v.strictObject(
          {
            wanted: v.optional(flag),
            channels: v.optional(
              v.strictObject(
                Object.fromEntries(channelIds.map((channel) => [channel, v.optional(flag)])),
                "expected an object by channel",
              ),
            ),
          },
          "expected { wanted, channels }",
        ),
      ),
    ),
  },
  "expected an object",
);

export type Preferences = v.InferOutput<typeof preferencesRequest>["preferences"];

/** What was said as rows. What is required is wanted, whatever is said. */
export function preferencesOf(given: Preferences, categories: ReadonlyMap<string, Category>): readonly Preference[] {
  const errors: FieldError[] = [];
  const found: Preference[] = [];
  for (const [category, { wanted, channels = {} }] of Object.entries(given)) {
    const said = Object.entries({ [everyChannel]: wanted, ...channels }).filter(([, flag]) => flag !== undefined);
    if (category !== everyCategory && !categories.has(category)) {
      const known = [...categories.keys(), everyCategory].join(", ");
      // Its name is the caller's own: only plain words are repeated.
      const field = /^[\w-]{1,64}$/.test(category) ? `preferences.${category}` : "preferences";
      errors.push({ field, detail: `expected one of ${known}` });
      continue;
    }
    for (const [channel, flag] of said) {
      if (category === everyCategory || !isRequired(categories, category)) {
        found.push({ category, channel, wanted: flag === true });
      } else if (flag === false) {
        const field = channel === everyChannel ? "wanted" : `channels.${channel}`;
        errors.push({ field: `preferences.${category}.${field}`, detail: "is required: nobody can switch it off" });
      }
    }
  }
  if (errors.length > 0) throw invalid(errors);
  return found;
}

/** The same the other way round. */
export function saidOf(preferences: readonly Preference[]): Preferences {
  const said: Record<string, { wanted?: boolean; channels?: Record<string, boolean> }> = {};
  for (const { category, channel, wanted } of preferences) {
    const entry = (said[category] ??= {});
    if (channel === everyChannel) entry.wanted = wanted;
    else (entry.channels ??= {})[channel] = wanted;
  }
  return said;
}

/** Whether somebody who said this wants it: the more exact word holds, one of the category before one of the channel. */
export function isWanted(
  preferences: readonly Preference[],
  categories: ReadonlyMap<string, Category>,
  category: string,
  channel: string,
): boolean {
  if (isRequired(categories, category)) return true;
  const said = (ofCategory: string, ofChannel: string): boolean | undefined =>
    preferences.find((one) => one.category === ofCategory && one.channel === ofChannel)?.wanted;
  return (
    said(category, channel) ??
    said(category, everyChannel) ??
    said(everyCategory, channel) ??
    said(everyCategory, everyChannel) ??
    categories.get(category)?.wanted ??
    true
  );
}
