import { createNotifier, receiveWebhook } from "carillon";
import { emailChannel } from "carillon/channels";
import { resend } from "carillon/providers/resend";
import { sendgridWebhook } from "carillon/providers/sendgrid";
import { Hono } from "hono";
import { record, safeParse, strictObject, string, union, unknown, array } from "valibot";

interface Bindings {
  readonly SIMULATOR: { fetch(input: string, init?: RequestInit): Promise<Response> };
  readonly RESEND_API_KEY: string;
  readonly SENDGRID_WEBHOOK_PUBLIC_KEY: string;
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

export default app;
