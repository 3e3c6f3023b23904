import { Hono, type Context } from "hono";
import { filterOf } from "../http/control.ts";
import type { Route } from "../route.ts";
import type { Store } from "../store/store.ts";
import { inboxPage } from "./inbox.ts";
import type { Markup } from "./layout.ts";
import { messagePage } from "./message.ts";
import { script } from "./script.ts";
import { style } from "./style.ts";

const pageSize = 50;

const policy =
  "default-src 'none'; script-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const inboxPolicy = `${policy}; style-src 'self'`;
/** A frame with `srcdoc` is bound by its page's policy too, and an email is styled inline. */
const messagePolicy = `${policy}; style-src 'self' 'unsafe-inline'`;

/** The developer's inbox. */
export function pages({ store, routes }: { readonly store: Store; readonly routes: readonly Route[] }): Hono {
  const app = new Hono();

  app.get("/", (c) => {
    const filter = filterOf(c);
    const page = store.messages(filter, pageSize, c.req.query("cursor"));
    const webhooks = store.webhooksOf(page.items.map(({ id }) => id));
    return show(c, inboxPolicy, inboxPage({ page, webhooks, filter, routes }));
  });
  app.get("/messages/:id", (c) => {
    const message = store.message(c.req.param("id"));
    if (!message) return c.text("No such message.", 404);
    const providerName = routes.find(({ id }) => id === message.provider)?.name ?? message.provider;
    return show(c, messagePolicy, messagePage({ message, providerName, webhooks: store.webhooksOf([message.id]) }));
  });
  app.get("/simulator.css", (c) => c.body(style, 200, { "content-type": "text/css; charset=utf-8" }));
  app.get("/simulator.js", (c) => c.body(script, 200, { "content-type": "text/javascript; charset=utf-8" }));
  return app;
}

function show(c: Context, contentSecurityPolicy: string, markup: Markup): Response | Promise<Response> {
  return c.html(markup, 200, {
    "content-security-policy": contentSecurityPolicy,
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
  });
}
