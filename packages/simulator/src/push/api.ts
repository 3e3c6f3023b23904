import { Hono } from "hono";
import * as v from "valibot";
import { parseJson } from "../wire/json.ts";
import { subscribe } from "./fake-browser.ts";
import type { Autopush } from "./autopush.ts";
import type { PushRecords } from "./records.ts";
import { pushServices } from "./services.ts";

const subscriptionSchema = v.strictObject({
  name: v.optional(v.pipe(v.string(), v.regex(/^[\w-]{1,48}$/))),
  service: v.optional(v.picklist(pushServices)),
  applicationServerKey: v.optional(v.pipe(v.string(), v.regex(/^B[\w-]{86}$/))),
});

/**
 * `/api/push`: what a page does in a browser, for browsers that are none. `POST subscriptions` answers a subscription as
 * `toJSON()` gives it. Of real browsers `GET subscriptions` lists theirs, `DELETE` loses them, and `GET deliveries` says what
 * became of each message.
 */
export function pushApi(records: PushRecords, autopush: Autopush): Hono {
  const app = new Hono();
  app.get("/subscriptions", (c) =>
    c.json({ items: records.subscriptions().map(({ browser, channel, key }) => ({ browser, channel, key })) }),
  );
  app.delete("/subscriptions", (c) => {
    autopush.forget();
    return c.body(null, 204);
  });
  app.get("/deliveries", (c) => c.json({ items: records.deliveries().map(({ body: _, ...delivery }) => delivery) }));
  app.post("/subscriptions", async (c) => {
    const text = await c.req.text();
    const checked = v.safeParse(subscriptionSchema, text === "" ? {} : parseJson(text));
    if (checked.success) return c.json(await subscribe(checked.output), 201);
    const detail = `${v.getDotPath(checked.issues[0]) ?? "body"}: ${checked.issues[0].message}`;
    return c.json({ type: "urn:carillon:simulator:invalid", status: 400, detail }, 400, {
      "content-type": "application/problem+json",
    });
  });
  return app;
}
