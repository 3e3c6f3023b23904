import { simulatorCredentials } from "@carillon/simulator";
import type { WebhookSource } from "carillon";
import { describe, expect, it, vi } from "vitest";
import { app } from "../src/app.ts";
import { ingestWebhook } from "../src/ingest/ingest.ts";
import type { Env } from "../src/env.ts";
import { allShards } from "../src/ledger/shards.ts";
import { readSettings } from "../src/settings.ts";
import { meter } from "./meter.ts";
import { accept, call, email, env, fault, message, until, untilStatus } from "./service.ts";
import type { MessageBody } from "./service.ts";
import { everything, inShard, messageId } from "./shards.ts";
import { postPostmark, postResend, postSendGrid } from "./webhooks.ts";

let people = 0;

async function sent(provider = "resend", to = `input${(people += 1)}@simulator.test`): Promise<MessageBody> {
  const { messages } = await accept(email(to, { providers: [provider] }));
  await expect.poll(async () => (await message(messages[0]!.id)).status, { timeout: 5_000 }).toBe("sent");
  return message(messages[0]!.id);
}

const { username, password } = {
  username: simulatorCredentials.postmark.webhookUsername,
  password: simulatorCredentials.postmark.webhookPassword,
};
const authorization = `Basic ${btoa(`${username}:${password}`)}`;

let clock = Date.now();

interface Health {
  readonly problems: readonly string[];
  readonly unauthorizedLanes: readonly Record<string, unknown>[];
  readonly webhooksOfOtherEnvironments: Readonly<Record<string, { count: number; lastAt: string }>>;
}

/** Past the moment that an answer is shared for. */
async function health(): Promise<Health> {
  vi.setSystemTime((clock = Math.max(clock, Date.now()) + 2_001));
  const response = await app.fetch(new Request("https://carillon.test/v1/health"), env);
  vi.useRealTimers();
  return response.json();
}

describe("a webhook", () => {
  const delivery = (id: string): string =>
    JSON.stringify({ RecordType: "Delivery", MessageID: id, Metadata: { carillon_message_id: id } });
  const post = (body: BodyInit, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
    Promise.resolve(
      app.request("/v1/webhooks/postmark", { method: "POST", body, headers: { authorization, ...headers } }, env),
    );

  it.each(["text/plain", "application/xml", "nonsense", ""])("is read whatever type it claims: %j", async (type) => {
    const { id } = await sent("postmark");
    expect((await post(delivery(id), { "content-type": type })).status).toBe(200);
    expect((await message(id)).status).toBe("delivered");
  });

  it("that is compressed is refused, because nobody signs that", async () => {
    const { id } = await sent("postmark");
    const before = await everything();
    const stream = new Blob([delivery(id)]).stream().pipeThrough(new CompressionStream("gzip"));
    const gzip = await new Response(stream).arrayBuffer();
    expect((await post(gzip, { "content-encoding": "gzip" })).status).toBe(415);
    // Not said to be compressed, it is junk: genuine, and it says nothing.
    expect((await post(gzip)).status).toBe(200);
    expect(await everything()).toBe(before);
  });

  it("of up to 1 MiB is taken, and a larger one is refused, whatever length it claims", async () => {
    const { id } = await sent("postmark");
    const padded = delivery(id).padEnd(1_048_576);
    expect((await post(`${padded} `)).status).toBe(413);
    expect((await message(id)).status).toBe("sent");
    expect((await post(padded)).status).toBe(200);
    expect((await message(id)).status).toBe("delivered");
  });

  it.each([
    ["bytes that are no UTF-8", new Uint8Array([0x7b, 0xff, 0xfe, 0x7d])],
    ["nothing", ""],
    ["half of a JSON text", '{"RecordType":"Deliv'],
    ["a list within lists", "[".repeat(100_000)],
    ["another kind of JSON", "5"],
    ["a list", "[1,null,{}]"],
  ])("of %s says nothing: it is answered 200 and changes nothing", async (_, body) => {
    const before = await everything();
    expect((await post(body)).status).toBe(200);
    expect(await everything()).toBe(before);
  });

  it("of as many events of one message as SendGrid puts into one is taken at once", async () => {
    const { id } = await sent("sendgrid");
    const events = Array.from({ length: 10_000 }, (_, index) => ({
      event: "click",
      sg_event_id: `ten-thousand-${index}`,
      carillon_message_id: id,
    }));
    // SendGrid cuts at 768 kB.
    const cut = events.slice(0, Math.floor((10_000 * 768_000) / JSON.stringify(events).length));
    const started = performance.now();
    expect((await postSendGrid(cut)).status).toBe(200);
    expect(performance.now() - started).toBeLessThan(10_000);
    const found = await message(id);
    expect([found.status, found.timeline.length]).toEqual(["clicked", 1_000]);
  });

  it("of 10,000 events whose messages nobody knows is taken, and they are kept", async () => {
    const events = Array.from({ length: 10_000 }, (_, index) => ({ event: "x", sg_event_id: `s${index}` }));
    expect(JSON.stringify(events).length).toBeLessThan(1_048_576);
    expect((await postSendGrid(events)).status).toBe(200);
    const kept = await Promise.all(
      allShards(env).map((shard) =>
        inShard(shard, (sql) =>
          Number(sql.exec("SELECT count(*) AS n FROM stray WHERE id LIKE 'sendgrid:s%' AND due_at IS NULL").one()["n"]),
        ),
      ),
    );
    expect(kept.reduce((sum, count) => sum + count, 0)).toBe(10_000);
  });

  it("about a message that nobody knows is kept", async () => {
    const id = messageId(3, "0".repeat(32));
    expect((await postResend({ type: "email.delivered", id: "nobody's", messageId: id })).status).toBe(200);
    const strays = await inShard(3, (sql) =>
      sql.exec("SELECT tries FROM stray WHERE id = 'resend:nobody''s'").toArray(),
    );
    expect(strays).toEqual([{ tries: 0 }]);
    const other = { type: "email.delivered", id: "no-id", messageId: "msg_zz", emailId: "no-email" };
    expect((await postResend(other)).status).toBe(200);
  });

  it("of another environment is answered 200, counted, and changes nothing", async () => {
    const { id } = await sent();
    const before = await everything();
    const count = async (): Promise<number> => (await health()).webhooksOfOtherEnvironments["resend"]?.count ?? 0;
    const counted = await count();
    for (const event of ["foreign-1", "foreign-2"]) {
      const bounce = { type: "Permanent" };
      const foreign = { type: "email.bounced", id: event, messageId: id, environment: "staging", bounce };
      expect((await postResend(foreign)).status).toBe(200);
    }
    expect(await everything()).toBe(before);
    expect(await count()).toBe(counted + 2);
  });

  it("of the future is taken to have happened when it came, and says so, each time that it comes", async () => {
    const { id } = await sent("resend", "future@simulator.test");
    const at = new Date(Date.now() + 3_600_000);
    const event = { type: "email.bounced", id: "future", messageId: id, to: "future@simulator.test", at };
    const started = Date.now();
    for (let time = 0; time < 2; time++) await postResend({ ...event, bounce: { type: "Permanent" } });
    const { milestones, timeline } = await message(id);
    const bounced = Date.parse(milestones["bounced"] ?? "");
    expect(bounced).toBeGreaterThanOrEqual(started);
    expect(bounced).toBeLessThan(started + 60_000);
    expect(timeline.at(-1)).toMatchObject({ type: "bounced", claimedAt: at.toISOString() });
    // So it does not outlive a removal.
    const body = { channel: "email", address: "future@simulator.test" };
    const remove = (): Promise<Response> => call("DELETE", "/v1/suppressions", { body });
    await expect.poll(async () => (await remove()).status).toBe(204);
    await postResend({ ...event, bounce: { type: "Permanent" } });
    await postResend({ type: "email.opened", id: "future-2", messageId: id });
    await until(id, ({ milestones: { opened } }) => opened !== undefined);
    expect((await remove()).status).toBe(404);
  });

  it("a little ahead of our clock is believed", async () => {
    const { id } = await sent();
    const at = new Date(Date.now() + 120_000);
    await postResend({ type: "email.delivered", id: "ahead", messageId: id, at });
    const { milestones, timeline } = await message(id);
    expect(milestones["delivered"]).toBe(at.toISOString());
    expect(timeline.at(-1)).not.toHaveProperty("claimedAt");
  });
});

describe("a signature of Mailgun, which covers no event,", () => {
  const mailgun = { ...env, PROVIDERS: "mailgun" } as Env;

  async function post(
    event: object,
    token: string,
    other: Env = mailgun,
    timestamp = Math.floor(Date.now() / 1000),
  ): Promise<number> {
    const secret = new TextEncoder().encode(simulatorCredentials.mailgun.webhookSigningKey);
    const key = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    const mac = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(`${timestamp}${token}`));
    const signature = Array.from(new Uint8Array(mac), (byte) => byte.toString(16).padStart(2, "0")).join("");
    const body = JSON.stringify({ signature: { timestamp: `${timestamp}`, token, signature }, "event-data": event });
    return (await app.request("/v1/webhooks/mailgun", { method: "POST", body }, other)).status;
  }

  const event = (id: string, name: string, more: object = {}): object => ({
    event: name,
    id: `${name}-${id}`,
    timestamp: Math.floor(Date.now() / 1000),
    "user-variables": { carillon_message_id: id, "carillon-environment": "development" },
    ...more,
  });

  it("vouches for one event: the same again is taken, another one is not", async () => {
    const [first, second] = [await sent(), await sent()];
    const token = crypto.randomUUID();
    const genuine = event(first.id, "delivered");
    expect(await post(genuine, token)).toBe(200);
    expect(await post(genuine, token)).toBe(200);
    const before = await everything();
    expect(await post(event(second.id, "complained", { recipient: "ada@simulator.test" }), token)).toBe(409);
    expect(await post(event(first.id, "opened"), token)).toBe(409);
    expect(await everything()).toBe(before);
    expect((await message(first.id)).status).toBe("delivered");
    expect(await post(event(first.id, "opened"), crypto.randomUUID())).toBe(200);
    expect((await message(first.id)).status).toBe("opened");
  });

  it("is taken once more after a 503, and then for what could not be stored", async () => {
    const { id } = await sent();
    const token = crypto.randomUUID();
    const genuine = event(id, "delivered");
    const LEDGER = {
      idFromName: (name: string) => env.LEDGER.idFromName(name),
      get: (to: DurableObjectId) =>
        new Proxy(env.LEDGER.get(to), {
          get: (stub, name) =>
            name === "ingest"
              ? () => Promise.reject(new Error("overloaded"))
              : (...given: unknown[]) => Reflect.apply(Reflect.get(stub, name) as never, stub, given) as unknown,
        }),
    };
    expect(await post(genuine, token, { ...mailgun, LEDGER } as unknown as Env)).toBe(503);
    expect((await message(id)).status).toBe("sent");
    expect(await post(genuine, token)).toBe(200);
    expect((await message(id)).status).toBe("delivered");
  });

  it("costs a row an event more than one that covers it", async () => {
    const [first, second] = [await sent(), await sent("postmark")];
    const byMailgun = await meter();
    expect(await post(event(first.id, "delivered"), crypto.randomUUID())).toBe(200);
    const rows = byMailgun.rowsWritten;
    const byPostmark = await meter();
    const delivery = { RecordType: "Delivery", MessageID: "z", Metadata: { carillon_message_id: second.id } };
    expect((await postPostmark(delivery)).status).toBe(200);
    expect(rows).toBe(byPostmark.rowsWritten + 1);
  });

  it("that two use at the same moment is of one of them", async () => {
    const { id } = await sent();
    const token = crypto.randomUUID();
    const names = ["opened", "clicked", "complained", "delivered"];
    const answers = await Promise.all(names.map((name) => post(event(id, name), token)));
    expect(answers.toSorted()).toEqual([200, 409, 409, 409]);
  });
});

describe("an endpoint that the provider wants confirmed", () => {
  const source: WebhookSource = {
    id: "asks",
    scheme: { kind: "custom", covers: "body", headers: [], verify: async () => true },
    parse: () => ({
      events: [],
      confirm: { method: "GET", url: "https://sns.eu-west-1.amazonaws.com/?Action=x", headers: {}, secrets: [] },
    }),
  };

  async function answerOf(answer: () => Response): Promise<{ status: number; asked: string[] }> {
    const asked: string[] = [];
    const SIMULATOR = {
      async fetch(url: string, { redirect }: RequestInit): Promise<Response> {
        asked.push(`${redirect} ${url}`);
        return answer();
      },
    };
    const request = new Request("https://carillon.test/v1/webhooks/asks", { method: "POST", body: "{}" });
    const { status } = await ingestWebhook({ ...env, SIMULATOR } as unknown as Env, source, request);
    return { status, asked };
  }

  it("is confirmed, and asked for again where that fails", async () => {
    const asked = ["manual https://sns.eu-west-1.amazonaws.com/?Action=x"];
    expect(await answerOf(() => new Response("<ok/>"))).toEqual({ status: 200, asked });
    expect(await answerOf(() => new Response(null, { status: 403 }))).toEqual({ status: 503, asked });
    const elsewhere = (): Response => new Response(null, { status: 302, headers: { location: "https://x.example/" } });
    expect(await answerOf(elsewhere)).toEqual({ status: 503, asked });
    const broken = (): Response => {
      throw new Error("network");
    };
    expect(await answerOf(broken)).toEqual({ status: 503, asked });
  });
});

describe("a lock in the webhook's URL", () => {
  const lock = "an-unguessable-part-of-the-url";
  const locked = { ...env, WEBHOOK_LOCK: `${lock},the-next-one-while-it-changes` } as Env;

  async function post(path: string, other: Env = locked, headers = { authorization }): Promise<number> {
    const body = JSON.stringify({ RecordType: "Open", MessageID: "x" });
    return (await app.request(path, { method: "POST", body, headers }, other)).status;
  }

  it("is asked of a provider that does not sign, beside its credential", async () => {
    expect(await post(`/v1/webhooks/postmark/${lock}`)).toBe(200);
    expect(await post("/v1/webhooks/postmark/the-next-one-while-it-changes")).toBe(200);
    expect(await post(`/v1/webhooks/postmark/${lock}`, locked, { authorization: "Basic eDp5" })).toBe(401);
    for (const wrong of ["", "/", `/${lock}x`, `/${lock.toUpperCase()}`, `/${lock}/more`]) {
      expect(await post(`/v1/webhooks/postmark${wrong}`), wrong).toBe(404);
    }
  });

  it("may stand in the URL of one that signs, and must then be right", async () => {
    expect(await post("/v1/webhooks/resend")).toBe(401);
    expect(await post(`/v1/webhooks/resend/${lock}`)).toBe(401);
    expect(await post("/v1/webhooks/resend/wrong")).toBe(404);
  });

  it("may stand there before it is set, so that it can be set without a loss; one that could be guessed opens nothing", async () => {
    expect(await post("/v1/webhooks/postmark", env)).toBe(200);
    expect(await post(`/v1/webhooks/postmark/${lock}`, env)).toBe(200);
    expect(await post(`/v1/webhooks/postmark/${lock}`, env, { authorization: "Basic eDp5" })).toBe(401);
    const weak = { ...env, WEBHOOK_LOCK: "short" } as Env;
    expect(await post("/v1/webhooks/postmark/short", weak)).toBe(404);
    expect(await post("/v1/webhooks/postmark", weak)).toBe(404);
    expect(await post("/v1/webhooks/postmark/", weak)).toBe(404);
    expect(readSettings(weak).problems).toHaveLength(1);
  });
});

describe("credentials that a provider refuses", () => {
  it("are said on health until it takes a message, stand in the timeline, and suppress nobody", async () => {
    const to = `delivered+input${(people += 1)}@simulator.test`;
    const refused = { status: 401, body: { name: "invalid_api_key", statusCode: 401, message: "API key is invalid" } };
    await fault({ kind: "respond", provider: "resend", times: 1, recipient: to, ...refused });
    const before = Date.now();
    const { messages } = await accept(email(to, { providers: ["resend", "postmark"] }));
    const found = await untilStatus(messages[0]!.id, "delivered");
    expect(found.timeline[0]).toMatchObject({ kind: "attempt", failure: "unauthorized", status: 401 });
    const { unauthorizedLanes } = await health();
    expect(unauthorizedLanes).toMatchObject([{ lane: "resend:default", refused: 1, status: 401 }]);
    expect(Date.parse(String(unauthorizedLanes[0]?.["unauthorizedSince"]))).toBeGreaterThanOrEqual(before);
    const query = "SELECT 1 FROM suppression WHERE address_key = ?";
    expect(await env.DB.prepare(query).bind(to).first()).toBeNull();
    expect(JSON.stringify(unauthorizedLanes)).not.toContain("input");
    for (const shard of allShards(env)) {
      await inShard(shard, (sql) => void sql.exec("UPDATE lane_trouble SET last_at = last_at - 90000000"));
    }
    expect((await health()).unauthorizedLanes).toEqual([]);
  });

  it("are forgotten by a shard whose next message is taken", async () => {
    const report = {
      provider: "resend",
      account: "default",
      startedAt: new Date(),
      durationMs: 1,
      requestKey: "k",
      batchSize: 1,
    };
    const { noteTrouble, readTrouble } = await import("../src/ledger/trouble.ts");
    await inShard(5, (sql) => {
      sql.exec("DELETE FROM lane_trouble");
      const attempt = (uuid: string, more: object): never =>
        ({ uuid, kind: "attempt", report: { ...report, ...more } }) as never;
      const unauthorized = attempt("a", { outcome: "failed", kind: "unauthorized", status: 403, providerCode: "x" });
      noteTrouble(sql, [unauthorized, unauthorized], 1_000);
      noteTrouble(sql, [unauthorized], 2_000);
      expect(readTrouble(sql)).toEqual([
        { lane: "resend:default", since: 1_000, lastAt: 2_000, count: 3, status: 403, code: "x" },
      ]);
      noteTrouble(sql, [attempt("b", { outcome: "failed", kind: "rejected" })], 3_000);
      expect(readTrouble(sql)).toHaveLength(1);
      noteTrouble(sql, [unauthorized, attempt("c", { outcome: "accepted" })], 4_000);
      expect(readTrouble(sql)).toEqual([]);
    });
  });
});
