import { Hono } from "hono";
import { countByVapidKey } from "../directory/devices.ts";
import type { Env } from "../env.ts";
import { refusal } from "../problem.ts";
import { settingsOf } from "../settings.ts";
import { authorize } from "./authorize.ts";
import { allowBrowsers } from "./cors.ts";

export const push = new Hono<{ Bindings: Env }>();

/** Browsers may know a key that is not the current one any more for so long. */
const configSeconds = 300;

push.use("/config", allowBrowsers("GET"));

/** Without a key, for every page: it is public by its name. */
push.get("/config", (c) => {
  const [publicKey] = publicKeysOf(c.env);
  if (publicKey === undefined) {
    throw refusal({ status: 404, code: "not-configured", title: "No provider is configured for webpush." });
  }
  return c.json({ publicKey }, 200, { "cache-control": `public, max-age=${configSeconds}` });
});

/**
 * How many devices stand on each key: an older one may go when none is left on it. Keys that devices were made with and that
 * the deployment has lost are said, too, for nothing can be sent to those.
 */
push.get("/keys", async (c) => {
  await authorize(c, "read");
  const configured = publicKeysOf(c.env);
  const counts = await countByVapidKey(c.env.DB);
  const lost = Array.from(counts.keys()).filter((key) => !configured.includes(key));
  return c.json({
    keys: [...configured, ...lost].map((publicKey) => ({
      publicKey,
      state: publicKey === configured[0] ? "current" : configured.includes(publicKey) ? "older" : "lost",
      devices: counts.get(publicKey) ?? 0,
    })),
  });
});

function publicKeysOf(env: Env): readonly string[] {
  return settingsOf(env).registrars.webpush?.publicKeys ?? [];
}
