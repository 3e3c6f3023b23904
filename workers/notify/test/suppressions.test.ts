import { simulatorCredentials } from "@carillon/simulator";
import * as fc from "fast-check";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { app } from "../src/app.ts";
import { addOptOuts, liftOptOuts, readOptOuts, removeOptOuts } from "../src/directory/opt-outs.ts";
import { countSoftBounces, trimSoftBounces } from "../src/directory/soft-bounces.ts";
import type { SoftBounce } from "../src/directory/soft-bounces.ts";
import { listSuppressions, readSuppressions } from "../src/directory/suppression-list.ts";
import {
  addSuppressions,
  findBlocks,
  liftSuppressions,
  removeSuppression,
  suppressionReasons,
} from "../src/directory/suppressions.ts";
import type { SuppressionReason } from "../src/directory/suppressions.ts";
import type { Env } from "../src/env.ts";
import { softBounceLimit, softBouncesKeptMs } from "../src/suppress/soft-bounces.ts";
import { accept, call, email, env, message, untilStatus } from "./service.ts";
import { postPostmark, postResend, postSendGrid } from "./webhooks.ts";

let people = 0;
let address = "";

beforeEach(() => void (address = `delivered+kept${(people += 1)}@simulator.test`));

interface View {
  readonly channel: string;
  readonly address: string;
  readonly scope: string;
  readonly category?: string;
  readonly reason: string;
  readonly sourceMessage?: string;
  readonly expiresAt?: string;
}

const stored = (key: string = address): ReturnType<typeof readSuppressions> =>
  readSuppressions(env.DB, { channel: "email", addressKey: key }, Date.now());

const reasons = async (key?: string): Promise<readonly string[]> =>
  (await stored(key)).map(({ scope, category = "", reason }) => [scope, category, reason].filter(Boolean).join(" "));

async function send(category?: string): Promise<string> {
  const { messages } = await accept(email(address, { category }));
  return messages[0]!.id;
}

/** Taken by a provider, or kept back. */
async function statusOf(category?: string): Promise<string> {
  const id = await send(category);
  let status = "";
  const ended = /^(sent|delivered|suppressed)$/;
  await expect.poll(async () => (status = (await message(id)).status), { timeout: 5_000 }).toMatch(ended);
  return status === "suppressed" ? status : "sent";
}

describe("the API", () => {
  const put = (more: object): Promise<Response> =>
    call("PUT", "/v1/suppressions", { body: { channel: "email", address, ...more } });
  const remove = (more: object = {}): Promise<Response> =>
    call("DELETE", "/v1/suppressions", { body: { channel: "email", address, ...more } });

  it("keeps apart that an address is not sent to, and that somebody has opted out", async () => {
    const all: View = await (await put({})).json();
    expect(all).toMatchObject({ scope: "all", reason: "manual", address: "d***@simulator.test" });
    expect(await (await put({ scope: "marketing" })).json()).toMatchObject({ scope: "marketing", reason: "manual" });
    const own: View = await (await put({ scope: "marketing", category: "newsletter" })).json();
    expect(own).toMatchObject({ scope: "marketing", category: "newsletter" });
    expect(await reasons()).toEqual(["all manual", "marketing manual", "marketing newsletter manual"]);

    expect((await remove()).status).toBe(204);
    expect(await statusOf()).toBe("sent");
    expect(await statusOf("marketing")).toBe("suppressed");
    expect((await remove({ scope: "marketing", category: "newsletter" })).status).toBe(204);
    expect(await reasons()).toEqual(["marketing manual"]);
    expect((await remove({ scope: "marketing" })).status).toBe(204);
    expect(await statusOf("marketing")).toBe("sent");
    expect((await remove()).status).toBe(404);
    expect((await remove({ scope: "marketing" })).status).toBe(404);
  });

  it("takes an end, after which the address is sent to again", async () => {
    const expiresAt = new Date(Date.now() + 60_000).toISOString();
    expect(await (await put({ expiresAt })).json()).toMatchObject({ expiresAt });
    expect(await statusOf()).toBe("suppressed");
    const blocks = await findBlocks(env.DB, "email", [address], { optOuts: true, now: Date.now() + 60_001 });
    expect(blocks.size).toBe(0);
    // What holds for good is not shortened.
    await put({});
    expect(await (await put({ expiresAt })).json()).not.toHaveProperty("expiresAt");
  });

  it.each<[string, object, string]>([
    ["a required category", { scope: "marketing", category: "transactional" }, "category"],
    ["an unknown category", { scope: "marketing", category: "nonsense" }, "category"],
    ["a category of everything", { category: "newsletter" }, "category"],
    ["an end in the past", { expiresAt: "2020-01-01T00:00:00Z" }, "expiresAt"],
    ["an end that is no time", { expiresAt: "soon" }, "expiresAt"],
    ["an end of an opt-out", { scope: "marketing", expiresAt: "2099-01-01T00:00:00Z" }, "expiresAt"],
    ["an unknown scope", { scope: "some" }, "scope"],
    ["no address", { address: "nobody" }, "address"],
  ])("refuses %s", async (_, more, field) => {
    const response = await put(more);
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ errors: [{ field }] });
    expect(await stored()).toEqual([]);
  });

  it("lists both, page by page, each once, newest first", async () => {
    for (const more of [{}, { scope: "marketing" }, { scope: "marketing", category: "newsletter" }]) await put(more);
    const seen: View[] = [];
    let cursor = "";
    for (let pages = 0; pages < 200; pages++) {
      const response = await call("GET", `/v1/suppressions?limit=1${cursor && `&cursor=${cursor}`}`);
      const page: { suppressions: View[]; nextCursor?: string } = await response.json();
      seen.push(...page.suppressions);
      if (page.nextCursor === undefined) break;
      cursor = page.nextCursor;
      expect(atob(cursor.replaceAll("-", "+").replaceAll("_", "/"))).not.toContain("simulator");
    }
    expect((await call("GET", `/v1/suppressions?cursor=${cursor}A`)).status).toBe(422);
    const { results } = await env.DB.prepare(
      `SELECT (SELECT count(*) FROM suppression WHERE removed_at IS NULL) + (SELECT count(*) FROM opt_out WHERE removed_at IS NULL) AS total`,
    ).all<{ total: number }>();
    expect(seen).toHaveLength(results[0]!.total);
    expect(new Set(seen.slice(0, 3).map(({ scope, category }) => `${scope} ${category}`)).size).toBe(3);
  });
});

describe("what stands against an address", () => {
  const now = Date.now();
  type Cause =
    | { readonly kind: "suppress"; readonly reason: SuppressionReason; readonly at: number }
    | { readonly kind: "opt-out" | "lift"; readonly at: number; readonly category?: string | undefined };

  async function apply(key: string, { at: ago, ...cause }: Cause): Promise<void> {
    const about = { channel: "email", addressKey: key, label: "l", sourceMessage: undefined, causedAt: now - ago };
    const statements =
      cause.kind === "suppress"
        ? [addSuppressions(env.DB, [{ ...about, reason: cause.reason }], now, false)]
        : cause.kind === "opt-out"
          ? [addOptOuts(env.DB, [{ ...about, category: cause.category ?? "*", reason: "provider" }], now, false)]
          : [
              ...(cause.category === undefined ? [liftSuppressions(env.DB, [about], now)] : []),
              ...liftOptOuts(env.DB, [{ ...about, category: cause.category }], now),
            ];
    await env.DB.batch([...statements]);
  }

  it("is the same in any order and with any repetition of what caused it", async () => {
    const at = fc.integer({ min: 1, max: 1_000_000 });
    const cause = fc.oneof(
      fc.record({
        kind: fc.constant("suppress" as const),
        reason: fc.constantFrom<SuppressionReason>("complained", "bounced", "recipient-gone", "provider-listed"),
        at,
      }),
      fc.record({
        kind: fc.constantFrom("opt-out" as const, "lift" as const),
        at,
        category: fc.constantFrom(undefined, "newsletter", "digest"),
      }),
    );
    const causes = fc.uniqueArray(cause, { minLength: 1, maxLength: 5, selector: (one) => one.at });
    await fc.assert(
      fc.asyncProperty(causes, fc.array(fc.nat(4), { maxLength: 4 }), async (given, again) => {
        const inOrder = `${crypto.randomUUID()}@simulator.test`;
        const other = `${crypto.randomUUID()}@simulator.test`;
        for (const one of given) await apply(inOrder, one);
        const mixed = [...again.flatMap((index) => given[index] ?? []), ...given.toReversed()];
        for (const one of mixed) await apply(other, one);
        const view = async (key: string): Promise<unknown> =>
          (await stored(key)).map(({ scope, category, reason, causedAt }) => [scope, category, reason, causedAt]);
        expect(await view(other)).toEqual(await view(inOrder));
        // A complaint is never lifted, and neither is what came after the last lift.
        const isWhole = (one: Cause): boolean => one.kind === "lift" && one.category === undefined;
        const lifted = Math.min(...given.filter(isWhole).map((one) => one.at), Infinity);
        const stands = given.some((one) => one.kind === "suppress" && (one.reason === "complained" || one.at < lifted));
        expect((await stored(other)).some(({ scope }) => scope === "all")).toBe(stands);
      }),
      { numRuns: 60 },
    );
  });

  it("is a complaint, or by hand, before all else, and of the rest the last for good", async () => {
    const steps: readonly (readonly [reason: SuppressionReason, ago: number, kept: SuppressionReason])[] = [
      ["provider-listed", 500, "provider-listed"],
      ["bounced", 400, "bounced"],
      ["recipient-gone", 600, "bounced"],
      ["soft-bounced", 100, "bounced"],
      ["manual", 1_000, "manual"],
      ["complained", 2_000, "complained"],
      ...suppressionReasons.map((reason) => [reason, 1, "complained"] as const),
    ];
    for (const [reason, at, kept] of steps) {
      await apply(address, { kind: "suppress", reason, at });
      expect(await reasons()).toEqual([`all ${kept}`]);
    }
  });

  it("is no opt-out of the recipient's own that a provider could take back", async () => {
    const about = { channel: "email", addressKey: address, label: "l", sourceMessage: undefined };
    await addOptOuts(
      env.DB,
      [{ ...about, category: "*", reason: "one-click", causedAt: now - 2_000 }],
      now,
      true,
    ).run();
    await apply(address, { kind: "lift", at: 1_000 });
    expect(await reasons()).toEqual(["marketing one-click"]);
  });

  it("is written by the code of before as ever, beside the new", async () => {
    const { messages } = softBounceLimit;
    expect(messages).toBeGreaterThan(1);
    await env.DB.prepare(
      `INSERT INTO suppression (channel, address_key, label, reason, source_message, caused_at, created_at)
       VALUES ('email', ?, 'l', 'bounced', NULL, ?, ?)
       ON CONFLICT (channel, address_key) DO UPDATE SET removed_at = NULL`,
    )
      .bind(address, now - 1_000, now - 1_000)
      .run();
    expect(await reasons()).toEqual(["all bounced"]);
    const removal = "UPDATE suppression SET removed_at = ? WHERE address_key = ?";
    await env.DB.prepare(removal)
      .bind(now - 500, address)
      .run();
    await apply(address, { kind: "suppress", reason: "bounced", at: 1_000 });
    expect(await reasons()).toEqual([]);
    await apply(address, { kind: "suppress", reason: "bounced", at: 100 });
    expect(await reasons()).toEqual(["all bounced"]);
  });
});

describe("soft bounces", () => {
  const day = 86_400_000;
  const { messages: most, withinMs, restMs } = softBounceLimit;
  const now = Date.now();

  const bounce = (index: number, at: number, more: Partial<SoftBounce> = {}): SoftBounce => ({
    channel: "email",
    addressKey: address,
    label: "l",
    message: `m${index}`,
    at,
    withdrawn: false,
    ...more,
  });
  const count = async (...bounces: readonly SoftBounce[]): Promise<void> =>
    void (await env.DB.batch([...countSoftBounces(env.DB, bounces, now)]));

  it("of enough different messages end in a suppression, which ends by itself", async () => {
    for (let index = 1; index < most; index++) await count(bounce(index, now - index * 1_000));
    // The same message again is still one.
    await count(bounce(1, now - 500), bounce(1, now - 400));
    expect(await stored()).toEqual([]);
    await count(bounce(most, now - 10));
    const [found] = await stored();
    expect(found).toMatchObject({ scope: "all", reason: "soft-bounced", sourceMessage: `m${most}` });
    expect(found?.expiresAt).toBe(now - 10 + restMs);
    expect((await findBlocks(env.DB, "email", [address], { optOuts: true, now: now + restMs })).size).toBe(0);
  });

  it("after a suppression has ended make a new one, with its own date, that apps are told of", async () => {
    const before = now - 40 * day;
    await env.DB.prepare(
      "INSERT INTO endpoint (id, url, description, types, secrets, created_at) VALUES ('ep', 'https://app.example', '', '[]', '[]', 1)",
    ).run();
    const round = (from: number, at: number): readonly SoftBounce[] =>
      Array.from({ length: most }, (_, index) => bounce(from + index, at));
    await env.DB.batch([...countSoftBounces(env.DB, round(0, before), before)]);
    await env.DB.batch([...countSoftBounces(env.DB, round(most, now), now)]);
    expect(await stored()).toMatchObject([{ createdAt: now, expiresAt: now + restMs }]);
    const told = await env.DB.prepare("SELECT type, at FROM directory_event ORDER BY id").all();
    await env.DB.batch([env.DB.prepare("DELETE FROM directory_event"), env.DB.prepare("DELETE FROM endpoint")]);
    expect(told.results).toEqual([
      { type: "suppression.created", at: before },
      { type: "suppression.created", at: now },
    ]);
  });

  it("that lie too far apart do not", async () => {
    for (let index = 0; index < most; index++) await count(bounce(index, now - (index * withinMs) / (most - 1)));
    expect(await stored()).toEqual([]);
  });

  it("of a message that was delivered after all count no more, and what they had led to is over", async () => {
    await count(...Array.from({ length: most }, (_, index) => bounce(index, now - index * 1_000)));
    expect(await reasons()).toEqual(["all soft-bounced"]);
    await count(bounce(2, now, { withdrawn: true }));
    expect(await stored()).toEqual([]);
    // A repetition of the old webhook brings nothing back.
    await count(bounce(2, now - 2_000));
    expect(await stored()).toEqual([]);
    await count(bounce(most + 1, now - 5));
    expect(await reasons()).toEqual(["all soft-bounced"]);
  });

  it("count no more once somebody has removed the suppression, and give way to a hard bounce", async () => {
    const all = Array.from({ length: most }, (_, index) => bounce(index, now - 10_000 - index * 1_000));
    await count(...all);
    await call("DELETE", "/v1/suppressions", { body: { channel: "email", address } });
    await count(...all);
    expect(await stored()).toEqual([]);
    const about = { channel: "email", addressKey: address, label: "l", sourceMessage: undefined };
    const hard = { ...about, reason: "bounced" as const, causedAt: Date.now() + 1_000 };
    await addSuppressions(env.DB, [hard], Date.now(), false).run();
    await count(...all.map((one) => ({ ...one, message: `${one.message}b`, at: Date.now() + 2_000 })));
    const [found] = await stored();
    expect(found).toMatchObject({ reason: "bounced", expiresAt: undefined });
  });

  it("end in the same suppression in any order", async () => {
    const one = fc.record({ message: fc.nat(7), at: fc.integer({ min: 0, max: 20 * day }), withdrawn: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(one, { minLength: 4, maxLength: 12 }), async (given) => {
        const keys = [`${crypto.randomUUID()}@simulator.test`, `${crypto.randomUUID()}@simulator.test`] as const;
        const events = given.map(({ message: index, at, withdrawn }) =>
          // Few are withdrawn, so that some suppressions are left.
          bounce(index, now - at, { withdrawn: withdrawn && index === 0 }),
        );
        for (const event of events) await count({ ...event, addressKey: keys[0] });
        await count(...events.toReversed().map((event) => ({ ...event, addressKey: keys[1] })));
        const [first, second] = await Promise.all(keys.map((key) => stored(key)));
        expect(second?.map(({ reason, expiresAt }) => [reason, expiresAt])).toEqual(
          first?.map(({ reason, expiresAt }) => [reason, expiresAt]),
        );
      }),
      { numRuns: 60 },
    );
  });

  it("are forgotten when they are too old to count", async () => {
    await count(bounce(1, now - softBouncesKeptMs - 1), bounce(2, now - softBouncesKeptMs + 60_000));
    await trimSoftBounces(env.DB, now);
    const { results } = await env.DB.prepare("SELECT message FROM soft_bounce WHERE address_key = ?")
      .bind(address)
      .all();
    expect(results).toEqual([{ message: "m2" }]);
  });

  it("come from webhooks, one a message, and are taken back by a delivery", async () => {
    const ids = [];
    for (let index = 0; index < most; index++) ids.push(await send());
    const transient = { type: "Transient", message: "452 4.2.2 mailbox full" };
    for (const id of ids) {
      await untilStatus(id, "delivered");
      await postResend({ type: "email.bounced", id: `soft-${id}`, messageId: id, to: address, bounce: transient });
    }
    const rows = async (): Promise<unknown[]> =>
      (await env.DB.prepare("SELECT withdrawn FROM soft_bounce WHERE address_key = ?").bind(address).all()).results;
    await expect.poll(rows).toEqual(ids.map(() => ({ withdrawn: 1 })));
    expect(await stored()).toEqual([]);
  });
});

describe("a provider's own list", () => {
  const seconds = (): number => Math.floor(Date.now() / 1000);
  const sendgrid = (event: object): Promise<Response> =>
    postSendGrid([{ email: address, timestamp: seconds(), sg_event_id: crypto.randomUUID(), ...event }]);
  const change = (SuppressSending: boolean, SuppressionReason: string | null, at: number): Promise<Response> =>
    postPostmark({
      RecordType: "SubscriptionChange",
      Recipient: address,
      SuppressSending,
      SuppressionReason,
      Origin: "Recipient",
      ChangedAt: new Date(at).toISOString(),
      MessageStream: "outbound",
    });

  it("is kept in step, though its event is about no message", async () => {
    const start = Date.now() - 60_000;
    await change(true, "HardBounce", start);
    await expect.poll(reasons.bind(undefined, address)).toEqual(["all bounced"]);
    await change(false, null, start + 1_000);
    await expect.poll(reasons.bind(undefined, address)).toEqual([]);
    await change(true, "ManualSuppression", start + 2_000);
    await expect.poll(reasons.bind(undefined, address)).toEqual(["marketing provider"]);
    expect(await statusOf()).toBe("sent");
    expect(await statusOf("marketing")).toBe("suppressed");
    await change(false, null, start + 3_000);
    await expect.poll(reasons.bind(undefined, address)).toEqual([]);
    await change(true, "SpamComplaint", start + 4_000);
    await expect.poll(reasons.bind(undefined, address)).toEqual(["all complained"]);
    await change(false, null, start + 5_000);
    // A repetition of the first.
    await change(true, "HardBounce", start);
    await statusOf();
    expect(await reasons()).toEqual(["all complained"]);
  });

  it("says opt-outs of groups, which are those of the message's category where it is known", async () => {
    await sendgrid({ event: "group_unsubscribe", asm_group_id: 1 });
    await expect.poll(reasons.bind(undefined, address)).toEqual(["marketing provider"]);
    await vi.waitFor(() => sendgrid({ event: "group_resubscribe", asm_group_id: 1, timestamp: seconds() + 1 }));
    await expect.poll(reasons.bind(undefined, address)).toEqual([]);
    const id = await send("newsletter");
    await untilStatus(id, "delivered");
    const about = { carillon_message_id: id, timestamp: seconds() + 2 };
    await sendgrid({ event: "group_unsubscribe", ...about });
    await expect.poll(reasons.bind(undefined, address)).toEqual(["marketing newsletter provider"]);
    expect((await stored())[0]?.sourceMessage).toBe(id);
    expect((await message(id)).status).toBe("delivered");
    // Whoever comes back to one group comes back to no other, nor after having left them all.
    await sendgrid({ event: "group_unsubscribe", asm_group_id: 2, timestamp: seconds() + 3 });
    await expect
      .poll(reasons.bind(undefined, address))
      .toEqual(["marketing provider", "marketing newsletter provider"]);
    await sendgrid({ event: "group_resubscribe", asm_group_id: 1, ...about, timestamp: seconds() + 4 });
    await expect.poll(reasons.bind(undefined, address)).toEqual(["marketing provider"]);
  });

  it("may be of Slack: a channel that is archived is not written to, until it is opened again", async () => {
    const slack = { ...env, PROVIDERS: "slack" } as Env;
    const post = async (type: string, at: number): Promise<number> => {
      const body = JSON.stringify({
        type: "event_callback",
        event_id: `${type}-1`,
        team_id: "T1",
        event_time: at,
        event: { type, channel: "C0ARCHIVED1", event_ts: `${at}.000100` },
      });
      const secret = new TextEncoder().encode(simulatorCredentials.slack.signingSecret);
      const key = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
      const mac = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(`v0:${seconds()}:${body}`));
      const hex = Array.from(new Uint8Array(mac), (byte) => byte.toString(16).padStart(2, "0")).join("");
      const headers = { "x-slack-request-timestamp": `${seconds()}`, "x-slack-signature": `v0=${hex}` };
      return (await app.request("/v1/webhooks/slack", { method: "POST", body, headers }, slack)).status;
    };
    const archived = async (): Promise<readonly string[]> =>
      (await readSuppressions(env.DB, { channel: "slack", addressKey: "C0ARCHIVED1" }, Date.now())).map(
        ({ reason }) => reason,
      );
    expect(await post("channel_archive", seconds() - 20)).toBe(200);
    await expect.poll(archived).toEqual(["recipient-gone"]);
    expect(await post("channel_unarchive", seconds() - 10)).toBe(200);
    await expect.poll(archived).toEqual([]);
  });

  it("is not what a bounce is: that is no opt-out, and a complaint stops receipts too", async () => {
    await sendgrid({ event: "spamreport" });
    await expect.poll(reasons.bind(undefined, address)).toEqual(["all complained"]);
    expect(await statusOf()).toBe("suppressed");
  });
});

describe("import and export", () => {
  const load = (body: string, type = "text/csv"): Promise<Response> =>
    call("POST", "/v1/suppressions/import", { body, headers: { "content-type": type } });

  it("takes CSV with addresses alone, whatever a spreadsheet has made of them", async () => {
    const response = await load(`\ufeffaddress,channel\r\n"${address}",\r\n'+447700900123,sms\r\n`);
    expect([response.status, await response.json()]).toEqual([200, { imported: 2, ended: 0 }]);
    expect(await reasons()).toEqual(["all manual"]);
    const sms = await readSuppressions(env.DB, { channel: "sms", addressKey: "+447700900123" }, Date.now());
    expect(sms).toMatchObject([{ label: "+44***23" }]);
  });

  const clear = async (): Promise<void> =>
    void (await env.DB.batch([env.DB.prepare("DELETE FROM suppression"), env.DB.prepare("DELETE FROM opt_out")]));

  it.each(["csv", "json"])("gives back as %s all that was taken, and takes that again", async (format) => {
    await clear();
    const rows = [
      { address, reason: "bounced", causedAt: "2026-01-02T03:04:05.000Z" },
      { address, scope: "marketing", category: "newsletter", reason: "one-click" },
      { address: `x${address}`, expiresAt: "2099-01-01T00:00:00.000Z" },
    ];
    expect((await load(JSON.stringify({ suppressions: rows }), "application/json")).status).toBe(200);
    const exported = await call("GET", `/v1/suppressions/export?format=${format}`);
    const text = await exported.text();
    const before = [await stored(), await stored(`x${address}`)];
    await clear();
    const type = exported.headers.get("content-type") ?? "";
    expect(type).toMatch(format === "csv" ? /^text\/csv/ : /^application\/json/);
    expect((await load(text, type)).status).toBe(200);
    const withoutMoment = (all: typeof before): unknown =>
      all.map((one) => one.map(({ createdAt: _, ...rest }) => rest));
    expect(withoutMoment([await stored(), await stored(`x${address}`)])).toEqual(withoutMoment(before));
  });

  it("is of all or of nothing, and says the line and column that are wrong", async () => {
    const csv = `address,reason,causedAt,scope\n${address},,,\n"no\nbody",,,\nx${address},bored,yesterday,some\n`;
    const response = await load(csv);
    expect(response.status).toBe(422);
    const { errors } = await response.json<{ errors: { field: string }[] }>();
    expect(errors.map(({ field }) => field)).toEqual([
      "line 3.address",
      "line 5.scope",
      "line 5.reason",
      "line 5.causedAt",
    ]);
    expect(await stored()).toEqual([]);
    expect(JSON.stringify(errors)).not.toContain("body");
  });

  it("of a channel whose addresses are secrets takes the keys of an export, and nothing else", async () => {
    const hash = "ab".repeat(32);
    const keys: readonly (readonly [string, string])[] = [
      ["fcm", `token:${hash}`],
      ["fcm", "topic:news~1"],
      ["fcm", "condition:'a' in topics && 'b' in topics"],
      ["webpush", hash],
      ["slack", "C0123456789"],
      ["slack", "T000/B000"],
      ["discord", "1234567890123456789"],
    ];
    expect((await load(`channel,address\n${keys.map((row) => row.join(",")).join("\n")}\n`)).status).toBe(200);
    const list = env.DB.prepare("SELECT channel, address_key FROM suppression WHERE channel <> 'email'");
    const imported = await list.all<{ channel: string; address_key: string }>();
    expect(imported.results.map((row) => `${row.channel} ${row.address_key}`).toSorted()).toEqual(
      keys.map((row) => row.join(" ")).toSorted(),
    );
    await env.DB.prepare("DELETE FROM suppression WHERE channel <> 'email'").run();
    // They would suppress nobody, and lie there readable.
    for (const row of [
      "fcm,abcdefghijklmnop:APA91bexample_token",
      "webpush,https://push.example/send/abc123",
      "slack,https://hooks.slack.com/services/T000/B000/XXXXXXXXXXXXXXXXXXXXXXXX",
      "discord,https://discord.com/api/webhooks/1234567890123456789/secret",
    ]) {
      const response = await load(`channel,address\n${row}\n`);
      expect(await response.json(), row).toMatchObject({ status: 422, errors: [{ field: "line 2.address" }] });
    }
  });

  it.each([
    ["a column that nobody knows", "address,color\na@simulator.test,red\n", "line 1"],
    ["a column twice", "address,address\na,b\n", "line 1"],
    ["no address", "channel\nemail\n", "line 1"],
    ["nothing", "", "line 1"],
    ["too few cells", "address,channel\na@simulator.test\n", "line 2"],
    ["a quote that is never closed", 'address\n"a@simulator.test\n', "line 2"],
    ["too many rows", `address\n${"a@simulator.test\n".repeat(10_001)}`, "line 10002"],
  ])("refuses CSV with %s", async (_, csv, field) => {
    const response = await load(csv);
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ errors: [{ field }] });
  });

  it("refuses what is too large, no text, or of another kind", async () => {
    expect((await load("a".repeat(4_000_001))).status).toBe(413);
    expect((await load("address\n", "text/plain")).status).toBe(415);
    const bytes = await call("POST", "/v1/suppressions/import", {
      headers: { "content-type": "text/csv" },
      body: "\ud800",
    });
    expect(bytes.status).toBe(400);
  });

  it("takes 10,000 rows at once, and gives them back in pages", async () => {
    const rows = Array.from({ length: 10_000 }, (_, index) => `bulk${index}-${address}`);
    const response = await load(`address\n${rows.join("\n")}\n`);
    expect(await response.json()).toEqual({ imported: 10_000, ended: 0 });
    const seen = new Set<string>();
    let next = "?format=csv";
    for (let pages = 0; next !== "" && pages < 5; pages++) {
      const page = await call("GET", `/v1/suppressions/export${next}`);
      for (const line of (await page.text()).split("\r\n").slice(1)) seen.add(line.split(",")[1] ?? "");
      next = /^<(.+)>; rel="next"$/.exec(page.headers.get("link") ?? "")?.[1] ?? "";
    }
    expect(rows.every((row) => seen.has(row))).toBe(true);
  });

  it("is for administrators alone: addresses are whole in it", async () => {
    const { key } = await (
      await call("POST", "/v1/keys", { body: { name: "r", scopes: ["read", "send"] } })
    ).json<{
      key: string;
    }>();
    expect((await call("GET", "/v1/suppressions/export", { key })).status).toBe(403);
    expect((await call("POST", "/v1/suppressions/import", { key, body: { suppressions: [] } })).status).toBe(403);
    expect((await call("GET", "/v1/suppressions", { key })).status).toBe(200);
  });
});

it("no statement looks at all suppressions, opt-outs or soft bounces, as SQLite plans them", async () => {
  const queries: string[] = [];
  const DB = {
    prepare(query: string): unknown {
      queries.push(query);
      const answer = { results: [], meta: { changes: 0 } };
      return { bind: () => ({ all: async () => answer, run: async () => answer }) };
    },
  } as unknown as D1Database;
  const one = { channel: "email", addressKey: "a" };
  await findBlocks(DB, "email", ["a"], { optOuts: true, now: 1 });
  addSuppressions(DB, [], 1, false);
  liftSuppressions(DB, [], 1);
  await removeSuppression(DB, one, 1);
  addOptOuts(DB, [], 1, true);
  liftOptOuts(DB, [], 1);
  removeOptOuts(DB, one, undefined, 1);
  await readOptOuts(DB, one);
  countSoftBounces(DB, [], 1);
  await trimSoftBounces(DB, 1);
  await listSuppressions(DB, undefined, 5, 1);
  await readSuppressions(DB, one, 1);
  expect(queries.length).toBeGreaterThan(12);
  for (const query of queries) {
    const most = Math.max(...Array.from(query.matchAll(/\?(\d)/g), ([, number]) => Number(number)));
    const { results } = await env.DB.prepare(`EXPLAIN QUERY PLAN ${query}`)
      .bind(...Array.from({ length: most }, () => null))
      .all<{ detail: string }>();
    const details = results.map(({ detail }) => detail);
    expect(details.join("\n"), query).not.toMatch(/SCAN (suppression|opt_out|soft_bounce|every|b|o|s)\b/);
  }
});
