import { Hono, type Context } from "hono";
import { filterOf } from "../http/control.ts";
import type { Records } from "../queue/records.ts";
import type { Route } from "../route.ts";
import type { Store } from "../store/store.ts";
import { contentStyle } from "./content-style.ts";
import { inboxPage } from "./inbox.ts";
import type { Markup } from "./layout.ts";
import { messagePage } from "./message.ts";
import { queuePage } from "./queue.ts";
import { script } from "./script.ts";
import { style } from "./style.ts";

const pageSize = 50;
const otherCount = 20;

const policy =
  "default-src 'none'; script-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const strictPolicy = `${policy}; style-src 'self'`;
/** A frame with `srcdoc` is bound by its page's policy too, and an email is styled inline. */
const emailPolicy = `${policy}; style-src 'self' 'unsafe-inline'`;

interface PagesOptions {
  readonly store: Store;
  readonly routes: readonly Route[];
  readonly queue: Records;
  readonly now: () => Date;
}

/** The developer's inbox. */
export function pages({ store, routes, queue, now }: PagesOptions): Hono {
  const app = new Hono();

  app.get("/", (c) => {
    const filter = filterOf(c);
    const page = store.messages(filter, pageSize, c.req.query("cursor"));
    const webhooks = store.webhooksOf(page.items.map(({ id }) => id));
    const isFiltered = Object.values(filter).some((value) => value !== undefined);
    const others = isFiltered ? [] : store.otherRequests(otherCount).items;
    return show(c, strictPolicy, inboxPage({ page, webhooks, others, filter, routes }));
  });
  app.get("/messages/:id", (c) => {
    const message = store.message(c.req.param("id"));
    if (!message) return c.text("No such message.", 404);
    const providerName = routes.find(({ id }) => id === message.provider)?.name ?? message.provider;
    const hasEmail = message.kind === "email";
    const webhooks = store.webhooksOf([message.id]);
    return show(c, hasEmail ? emailPolicy : strictPolicy, messagePage({ message, providerName, webhooks }));
  });
  app.get("/queue", (c) => show(c, strictPolicy, queuePage(queue, now().getTime())));
  app.get("/simulator.css", (c) => c.body(style + contentStyle, 200, { "content-type": "text/css; charset=utf-8" }));
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
