import { Hono } from "hono";
import * as v from "valibot";
import { parseJson } from "../wire/json.ts";
import { subscribe } from "./fake-browser.ts";
import { pushServices } from "./services.ts";

const subscriptionSchema = v.strictObject({
  name: v.optional(v.pipe(v.string(), v.regex(/^[\w-]{1,48}$/))),
  service: v.optional(v.picklist(pushServices)),
  applicationServerKey: v.optional(v.pipe(v.string(), v.regex(/^B[\w-]{86}$/))),
});

/** `/api/push`: what a page does in a browser. `POST subscriptions` answers a subscription as `toJSON()` gives it. */
export function pushApi(): Hono {
  const app = new Hono();
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
