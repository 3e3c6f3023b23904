import { Hono, type Context } from "hono";
import * as v from "valibot";
import { faultSchema } from "../fault.ts";
import { eventTypes } from "../outcome.ts";
import { pushApi } from "../push/api.ts";
import type { Autopush } from "../push/autopush.ts";
import type { PushRecords } from "../push/records.ts";
import type { Route } from "../route.ts";
import { defaultSettings, settingsSchema, type Settings } from "../settings.ts";
import type { MessageFilter, Store, WebhookRecord } from "../store/store.ts";
import type { Dispatcher } from "../webhook/dispatcher.ts";
import { planOne } from "../webhook/plan.ts";

export interface ControlOptions {
  readonly store: Store;
  readonly subscriptions: PushRecords;
  readonly autopush: Autopush;
  readonly routes: readonly Route[];
  readonly dispatcher: Dispatcher;
  /** Base URL of the webhooks' receiver. */
  readonly target: string | undefined;
  readonly now: () => Date;
  readonly wake: (atMs: number) => void;
}

const defaultLimit = 50;
const maxLimit = 500;

const sendSchema = v.union([
  /** An event that was delivered before, once more: the same payload under the same id. */
  v.strictObject({ webhook: v.string() }),
  /** A new event of a message, by the simulator's id, Carillon's or the provider's. */
  v.strictObject({
    message: v.string(),
    event: v.picklist(eventTypes),
    /** Absent: every recipient of the message. */
    recipient: v.optional(v.string()),
    /** How many times the same event is delivered. */
    copies: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(20)), 1),
  }),
]);

/** The simulator's own API under `/api`. It has no authentication: the simulator is a tool for one's own machine. */
export function controlApi(options: ControlOptions): Hono {
  const { store, dispatcher } = options;
  const app = new Hono();

  app.get("/messages", (c) => c.json(store.messages(filterOf(c), limitOf(c), c.req.query("cursor"))));
  app.get("/messages/:id", (c) => {
    const message = store.message(c.req.param("id"));
    return message ? c.json({ ...message, webhooks: store.webhooksOf([message.id]) }) : notFound(c);
  });
  app.delete("/messages", (c) => {
    store.clear();
    return c.body(null, 204);
  });

  app.get("/requests", (c) => c.json(store.otherRequests(limitOf(c), c.req.query("cursor"))));

  app.get("/faults", (c) => c.json({ items: store.faults() }));
  app.post("/faults", async (c) => {
    const checked = v.safeParse(faultSchema, await readJson(c));
    return checked.success ? c.json(store.addFault(checked.output), 201) : invalid(c, checked.issues);
  });
  app.delete("/faults", (c) => {
    store.deleteFaults();
    return c.body(null, 204);
  });
  app.delete("/faults/:id", (c) => (store.deleteFaults(c.req.param("id")) ? c.body(null, 204) : notFound(c)));

  app.get("/settings", (c) => c.json(store.settings()));
  app.put("/settings", async (c) => {
    const checked = v.safeParse(settingsSchema, await readJson(c));
    if (!checked.success) return invalid(c, checked.issues);
    const settings: Settings = { ...defaultSettings, ...checked.output };
    store.setSettings(settings);
    return c.json(settings);
  });

  app.get("/webhooks", (c) =>
    c.json(store.webhooks({ message: c.req.query("message") }, limitOf(c), c.req.query("cursor"))),
  );
  app.post("/webhooks/send", async (c) => {
    const checked = v.safeParse(sendSchema, await readJson(c));
    if (!checked.success) return invalid(c, checked.issues);
    if (options.target === undefined) return problem(c, 409, "no-target", "Nobody is configured to receive webhooks.");
    const webhooks = "webhook" in checked.output ? again(checked.output.webhook) : fresh(checked.output);
    if (webhooks.length === 0)
      return problem(c, 404, "not-found", "No such message, webhook, recipient or event of this provider.");
    await dispatcher.send(webhooks);
    const sent = webhooks.flatMap(({ id }) => store.webhook(id) ?? []);
    for (const webhook of sent) if (webhook.state === "waiting") options.wake(webhook.dueAtMs);
    return c.json({ items: sent });
  });

  /** Answers with what the receiver answered. */
  app.post("/webhooks/:provider/confirm", async (c) => {
    const answer = await dispatcher.confirm(c.req.param("provider"));
    return answer ? c.json(answer) : problem(c, 404, "not-found", "No such provider, or it asks for no confirmation.");
  });

  app.get("/witness", (c) => {
    const messageId = c.req.query("messageId");
    const counts = messageId !== undefined || c.req.query("counts") === "true";
    return c.json({
      ...store.witness(),
      ...(counts && { counts: Object.fromEntries(store.witnessCounts(messageId)) }),
    });
  });

  app.route("/push", pushApi(options.subscriptions, options.autopush));

  app.notFound(notFound);
  return app;

  function again(id: string): WebhookRecord[] {
    const known = store.webhook(id);
    return known ? [store.addWebhook(known.message, known.provider, { ...known, ...now() })] : [];
  }

  function fresh(input: Extract<v.InferOutput<typeof sendSchema>, { message: string }>): WebhookRecord[] {
    const messageId = store.messages({ messageId: input.message }, 1).items[0]?.id ?? input.message;
    const message = store.message(messageId);
    const route = options.routes.find(({ id }) => id === message?.provider);
    if (!message || !route) return [];
    const recipient = input.recipient?.toLowerCase();
    const recipients = message.recipients.filter(
      (address) => recipient === undefined || address.toLowerCase() === recipient,
    );
    return recipients.flatMap((address) => {
      const nowMs = options.now().getTime();
      const planned = planOne({ route, target: options.target, nowMs }, message, address, input.event);
      if (!planned) return [];
      return Array.from({ length: input.copies }, () => store.addWebhook(message.id, message.provider, planned));
    });
  }

  function now(): { readonly state: "waiting"; readonly dueAtMs: number } {
    return { state: "waiting", dueAtMs: options.now().getTime() };
  }
}

/** From the query `provider`, `channel`, `recipient`, `messageId`. */
export function filterOf(c: Context): MessageFilter {
  const given = (name: string): string | undefined => c.req.query(name)?.trim() || undefined;
  return {
    provider: given("provider"),
    channel: given("channel"),
    recipient: given("recipient")?.toLowerCase(),
    messageId: given("messageId"),
  };
}

function limitOf(c: Context): number {
  const limit = Number(c.req.query("limit") ?? defaultLimit);
  return Number.isInteger(limit) && limit > 0 ? Math.min(limit, maxLimit) : defaultLimit;
}

async function readJson(c: Context): Promise<unknown> {
  try {
    return (await c.req.json()) as unknown;
  } catch {
    return undefined;
  }
}

function problem(c: Context, status: 400 | 404 | 409, type: string, detail: string): Response {
  return c.json({ type: `urn:carillon:simulator:${type}`, status, detail }, status, {
    "content-type": "application/problem+json",
  });
}

function invalid(c: Context, issues: readonly v.BaseIssue<unknown>[]): Response {
  const [issue] = issues;
  const path = issue && v.getDotPath(issue);
  return problem(c, 400, "invalid", `${path ? `${path}: ` : ""}${issue?.message ?? "Invalid."}`);
}

function notFound(c: Context): Response {
  return problem(c, 404, "not-found", "Not found.");
}
