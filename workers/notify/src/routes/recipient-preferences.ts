import type { ChannelId } from "carillon";
import { Hono } from "hono";
import { readPreferences, replacePreferences } from "../directory/preferences.ts";
import type { Preference } from "../directory/preferences.ts";
import { ensureRecipient, findRecipient } from "../directory/recipients.ts";
import type { Env } from "../env.ts";
import { notFound } from "../problem.ts";
import { beingErased } from "../recipients/being-erased.ts";
import { isWanted, preferencesOf, preferencesRequest, saidOf } from "../recipients/preferences.ts";
import { readRecipientId } from "../recipients/request.ts";
import { settingsOf } from "../settings.ts";
import type { Settings } from "../settings.ts";
import { authorizeFor } from "./authorize.ts";
import { readJson } from "./body.ts";
import { allowBrowsers } from "./cors.ts";

/** What a recipient wants: by an API key, or from their own browser. */
export const recipientPreferences = new Hono<{ Bindings: Env }>();

const path = "/:id/preferences";

const maxPreferenceBytes = 32_768;

recipientPreferences.use(path, allowBrowsers("GET", "PUT"));

recipientPreferences.get(path, async (c) => {
  const id = readRecipientId(c.req.param("id"));
  const caller = await authorizeFor(c, id, "read");
  // To themselves, somebody of whom the app has said nothing yet is somebody who has said nothing.
  if (caller !== undefined && (await findRecipient(c.env.DB, id)) === undefined) throw notFound("recipient");
  return c.json(viewOf(await readPreferences(c.env.DB, id), settingsOf(c.env)));
});

recipientPreferences.put(path, async (c) => {
  const id = readRecipientId(c.req.param("id"));
  const caller = await authorizeFor(c, id, "send");
  const { preferences } = await readJson(c, preferencesRequest, maxPreferenceBytes);
  const settings = settingsOf(c.env);
  const rows = preferencesOf(preferences, settings.categories);
  const now = Date.now();
  if (caller !== undefined && (await findRecipient(c.env.DB, id)) === undefined) throw notFound("recipient");
  if (!(await ensureRecipient(c.env.DB, id, now))) throw beingErased();
  await replacePreferences(c.env.DB, id, rows, now);
  return c.json(viewOf(await readPreferences(c.env.DB, id), settings));
});

/** What was said, as it may be said again, and what holds: of each category, on each channel that there is. */
function viewOf(said: readonly Preference[], { categories, providers }: Settings): Record<string, unknown> {
  const channels = Object.keys(providers) as ChannelId[];
  return {
    preferences: saidOf(said),
    categories: Array.from(categories.values(), ({ name, title, required }) => ({
      name,
      title,
      required,
      wanted: Object.fromEntries(channels.map((channel) => [channel, isWanted(said, categories, name, channel)])),
    })),
  };
}
