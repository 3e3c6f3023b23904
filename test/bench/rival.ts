import { DurableObject } from "cloudflare:workers";
import { createNotifier, type DeliveryEvent, evidenceOf, joinEvidence, receiveWebhook, type Evidence } from "carillon";
import { emailChannel } from "carillon/channels";
import { resend } from "carillon/providers/resend";
import { sendgridWebhook } from "carillon/providers/sendgrid";
import { Hono } from "hono";
import { record, safeParse, strictObject, string, union, unknown, array } from "valibot";

interface Bindings {
  readonly SIMULATOR: { fetch(input: string, init?: RequestInit): Promise<Response> };
  readonly RESEND_API_KEY: string;
  readonly SENDGRID_WEBHOOK_PUBLIC_KEY: string;
  readonly ROWS: {
    idFromName(name: string): unknown;
    get(id: unknown): { take(event: DeliveryEvent): Promise<void> };
  };
}

/** A shard that takes events one by one: three statements and a transaction each, as one writes it first. */
export class Rows extends DurableObject<Bindings> {
  constructor(state: unknown, env: Bindings) {
    super(state, env);
    const { sql } = this.ctx.storage;
    sql.exec("CREATE TABLE IF NOT EXISTS message (id TEXT PRIMARY KEY, status TEXT)");
    sql.exec("CREATE TABLE IF NOT EXISTS event (id TEXT PRIMARY KEY, message TEXT, at INTEGER, raw TEXT)");
  }

  take({ id, messageId = "", type, occurredAt, raw }: DeliveryEvent): void {
    const { sql } = this.ctx.storage;
    const known = sql.exec<{ status: Evidence }>("SELECT status FROM message WHERE id = ?", messageId).toArray()[0];
    const values = [id, messageId, occurredAt.getTime(), JSON.stringify(raw)];
    sql.exec("INSERT OR IGNORE INTO event (id, message, at, raw) VALUES (?, ?, ?, ?)", ...values);
    const status = joinEvidence(known?.status, evidenceOf(type)) ?? "sent";
    sql.exec(
      "INSERT INTO message VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET status = excluded.status",
      messageId,
      status,
    );
  }
}

/** What an application would write by hand: the same checks and the same SDK, with nothing saved. */
const app = new Hono<{ Bindings: Bindings }>();

const requestSchema = strictObject({
  channel: string(),
  to: union([string(), array(unknown())]),
  content: record(string(), unknown()),
});

app.post("/validate", async (c) => {
  const parsed = safeParse(requestSchema, await c.req.json());
  if (!parsed.success) return c.json({ error: "invalid" }, 422);
  const { channel, to, content } = parsed.output;
  for (const address of typeof to === "string" ? [to] : to) {
    if ("ok" in emailChannel.normalise({ ...content, channel, to: address })) return c.json({ error: "invalid" }, 422);
  }
  return c.json({ id: crypto.randomUUID() }, 202);
});

app.post("/send", async (c) => {
  const { to, content } = await c.req.json<{ to: string[]; content: Record<string, unknown> }>();
  const { SIMULATOR, RESEND_API_KEY } = c.env;
  const notifier = createNotifier({
    email: [resend({ apiKey: RESEND_API_KEY })],
    fetch: (input, init) => SIMULATOR.fetch(input, init),
  });
  const results = await notifier.sendBatch(
    to.map((address) => ({ message: { ...content, channel: "email", to: address } as never })),
  );
  return c.json({ sent: results.filter(({ ok }) => ok).length });
});

app.post("/verify", async (c) => {
  const source = sendgridWebhook({ publicKey: c.env.SENDGRID_WEBHOOK_PUBLIC_KEY });
  return (await receiveWebhook(source, c.req.raw)).response;
});

app.post("/rows", async (c) => {
  const source = sendgridWebhook({ publicKey: c.env.SENDGRID_WEBHOOK_PUBLIC_KEY });
  const received = await receiveWebhook(source, c.req.raw);
  if (!received.ok) return received.response;
  // As many shards as the service has, and all at once: what is measured is the number of calls.
  await Promise.all(
    received.events.map((event) => {
      const shard = event.messageId?.slice(4, 6) ?? "00";
      return c.env.ROWS.get(c.env.ROWS.idFromName(shard)).take(event);
    }),
  );
  return received.response;
});

export default app;
