import { simulatorCredentials } from "@carillon/simulator";
import { describe, expect, it, vi } from "vitest";
import { app } from "../src/app.ts";
import type { Env } from "../src/env.ts";
import { settingsOf } from "../src/settings.ts";
import { callWith, sign } from "./queue.ts";
import type { Job } from "./queue.ts";
import { accept, call, email, env, message, received, untilStatus } from "./service.ts";
import { everything, inShard, placeOf } from "./shards.ts";
import { addresses, waiting } from "./steps.ts";

/** QStash's calls are answered in the same way whoever wakes the shards: they may be from before it was changed. */

const { currentSigningKey, nextSigningKey } = simulatorCredentials.qstash;
const jobsUrl = settingsOf(env).scheduler.receiver!.jobsUrl;
const hour = 3_600_000;

const job = (more: Partial<Job> = {}): Job => ({ shard: 3, at: Date.now() - 1_000, generation: 7, ...more });
const one = (): string => addresses(1)[0]!;
const called = (body: Job | string, signing: Parameters<typeof sign>[1] = {}): Promise<Response> =>
  callWith(body, { url: jobsUrl, ...signing });

/** A call to a deployment with other variables, or other bindings. */
async function calledIn(other: object, body: string, signature: string): Promise<Response> {
  const headers = { "upstash-signature": signature, "content-type": "application/json" };
  const request = new Request("https://carillon.test/v1/jobs", { method: "POST", body, headers });
  return app.fetch(request, { ...env, ...other } as Env);
}

describe("a call that QStash has not signed", () => {
  const text = JSON.stringify(job());
  it.each([
    ["has no signature", async () => call("POST", "/v1/jobs", { key: "", body: text })],
    ["has an API key instead", async () => call("POST", "/v1/jobs", { body: text })],
    [
      "has a signature that is none",
      async () => call("POST", "/v1/jobs", { key: "", body: text, headers: { "upstash-signature": "a.b.c" } }),
    ],
    ["is signed with another key", async () => called(text, { key: "sig_0000000000000000000000000000" })],
    ["is signed for another URL", async () => called(text, { url: "https://elsewhere.example/v1/jobs" })],
    ["is signed for a URL that differs in a slash", async () => called(text, { url: `${jobsUrl}/` })],
    ["is signed by somebody else", async () => called(text, { claims: { iss: "Upstart" } })],
    ["has a signature that is over", async () => called(text, { claims: { exp: Math.floor(Date.now() / 1000) - 1 } })],
    ["says that it needs no signature", async () => called(text, { header: { alg: "none", typ: "JWT" } })],
    [
      "is not what was signed",
      async () =>
        call("POST", "/v1/jobs", {
          key: "",
          body: JSON.stringify(job({ shard: 4 })),
          headers: { "upstash-signature": await sign(text, { url: jobsUrl }) },
        }),
    ],
    ["is too long for a job", async () => called(" ".repeat(1_001))],
    ["is no text", async () => call("POST", "/v1/jobs", { key: "", body: "", headers: { "upstash-signature": "x" } })],
  ])("because it %s is answered 401, and learns no more", async (_, send) => {
    const response = await send();
    expect(response.status).toBe(401);
    expect(await response.json()).toEqual({
      type: "/problems/unauthorized",
      title: "This is not signed by QStash.",
      status: 401,
    });
  });

  it.each([
    ["signed-for-another-url", { url: "https://old.example/v1/jobs" }],
    ["signature-mismatch", { key: "sig_0000000000000000000000000000" }],
  ])("is told to the log alone: %s", async (reason, signing) => {
    const log = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const response = await called(text, signing);
    expect(log.mock.calls).toEqual([[JSON.stringify({ event: "job-refused", reason })]]);
    log.mockRestore();
    expect(await response.text()).not.toContain(reason);
  });

  it("is answered 401 before it is read, malformed or not", async () => {
    const response = await called("{", { key: "sig_0000000000000000000000000000" });
    expect(response.status).toBe(401);
  });

  it.each(["QSTASH_CURRENT_SIGNING_KEY", "QSTASH_NEXT_SIGNING_KEY", "PUBLIC_URL"])(
    "cannot be told from one that is, without %s: everything is answered 401",
    async (variable) => {
      const response = await calledIn({ [variable]: undefined }, text, await sign(text, { url: jobsUrl }));
      expect(response.status).toBe(401);
    },
  );

  it("changes nothing, in any environment", async () => {
    const { shard, ids } = await waiting(one());
    const before = await everything();
    const body = JSON.stringify(job({ shard }));
    for (const ENVIRONMENT of ["production", "staging", "development", "test", undefined]) {
      const forged = await sign(body, { url: jobsUrl, key: "sig_0000000000000000000000000000" });
      const other = { ENVIRONMENT, SIMULATOR: undefined, PUBLIC_URL: "https://carillon.test" };
      expect((await calledIn(other, body, forged)).status).toBe(401);
    }
    expect(await everything()).toBe(before);
    expect(await message(ids[0]!)).toMatchObject({ tries: 0 });
  });
});

describe("while the signing keys are changed", () => {
  const text = JSON.stringify(job());
  // QStash: what was next is current now, and there is a new next.
  const rotated = {
    QSTASH_CURRENT_SIGNING_KEY: nextSigningKey,
    QSTASH_NEXT_SIGNING_KEY: "sig_newest00000000000000000",
  };

  it("jobs signed with either key are taken", async () => {
    for (const key of [currentSigningKey, nextSigningKey]) expect((await called(text, { key })).status).toBe(200);
  });

  it("jobs signed with what was the next key are taken by deployments that have it as next, or as current", async () => {
    const signature = await sign(text, { url: jobsUrl, key: nextSigningKey });
    for (const other of [{}, rotated]) expect((await calledIn(other, text, signature)).status).toBe(200);
  });

  it("a job signed with the key of before is refused, and has no effect", async () => {
    const { shard, ids } = await waiting(one());
    const body = JSON.stringify(job({ shard }));
    const signature = await sign(body, { url: jobsUrl, key: currentSigningKey });
    expect((await calledIn(rotated, body, signature)).status).toBe(401);
    expect(await message(ids[0]!)).toMatchObject({ tries: 0 });
  });
});

describe("a signed job", () => {
  it.each([
    ["that is not JSON", "{"],
    ["that is empty", ""],
    ["of a list", "[]"],
    ["without its shard", JSON.stringify({ at: 1, generation: 1 })],
    ["of a shard that is not there", JSON.stringify(job({ shard: 16 }))],
    ["of a shard that is no number", JSON.stringify({ ...job(), shard: "3" })],
    ["of no moment", JSON.stringify(job({ at: Number.NaN }))],
    ["of a moment before all time", JSON.stringify(job({ at: -1 }))],
    ["with more in it", JSON.stringify({ ...job(), to: "ada@example.com" })],
  ])("%s is answered 489, so that QStash does not come again", async (_, body) => {
    const response = await called(body);
    expect(response.status).toBe(489);
    expect(response.headers.get("upstash-nonretryable-error")).toBe("true");
    expect(await response.json()).toEqual({ error: "malformed-job" });
  });

  it("sends all that is due on its shard", async () => {
    const { shard, ids } = await waiting(addresses(3));
    const response = await called(job({ shard }));
    expect([response.status, await response.json()]).toEqual([200, { handedOut: 1 }]);
    for (const id of ids) expect((await untilStatus(id, "delivered")).tries).toBe(1);
  });

  it("that comes early is answered 503, and when to come", async () => {
    const { shard, ids } = await waiting(one());
    const response = await called(job({ shard, at: Date.now() + 4_500 }));
    expect(response.status).toBe(503);
    expect(Number(response.headers.get("retry-after"))).toBe(5);
    expect(await response.json()).toMatchObject({ type: "/problems/early" });
    expect(await message(ids[0]!)).toMatchObject({ tries: 0 });
  });

  it("of a shard that cannot be reached is answered 503, and when to come", async () => {
    const body = JSON.stringify(job());
    const LEDGER = {
      idFromName: (name: string) => name,
      get: () => ({ wake: () => Promise.reject(new Error("overloaded")) }),
    };
    const response = await calledIn({ LEDGER }, body, await sign(body, { url: jobsUrl }));
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "10"]);
    expect(await response.text()).not.toContain("overloaded");
  });

  it("that comes twice, or for what is finished, is answered 200 and changes nothing", async () => {
    const { shard, ids } = await waiting(one());
    const twice = job({ shard });
    await called(twice);
    const found = await untilStatus(ids[0]!, "delivered");
    const before = await everything();
    for (const late of [twice, job({ shard, generation: 1 }), job({ shard, at: 0 })]) {
      const response = await called(late);
      expect([response.status, await response.json()]).toEqual([200, { handedOut: 0 }]);
    }
    expect(await everything()).toBe(before);
    expect(await message(ids[0]!)).toEqual(found);
    expect(received(ids[0]!)).toBe(1);
  });

  it("that comes twice at once claims each message once", async () => {
    const { shard, ids } = await waiting(addresses(3), { providers: ["postmark"] });
    const answers = await Promise.all([1, 2, 3].map(async () => (await called(job({ shard }))).json()));
    expect(answers).toEqual(expect.arrayContaining([{ handedOut: 1 }, { handedOut: 0 }, { handedOut: 0 }]));
    for (const id of ids) {
      await untilStatus(id, "delivered");
      expect(received(id)).toBe(1);
    }
  });

  it("for a message that was called back is answered 200, and nothing is sent", async () => {
    const sendAt = new Date(Date.now() + hour).toISOString();
    const { messages } = await accept(email(one(), { sendAt }));
    const id = messages[0]!.id;
    expect((await call("POST", `/v1/messages/${id}/cancel`)).status).toBe(200);
    const { shard, uuid } = placeOf(id);
    await inShard(shard, (sql) => {
      expect(sql.exec("SELECT due_at FROM message WHERE uuid = ?", uuid).one()).toEqual({ due_at: null });
    });
    const response = await called(job({ shard }));
    expect([response.status, await response.json()]).toEqual([200, { handedOut: 0 }]);
    expect([(await message(id)).status, received(id)]).toEqual(["canceled", 0]);
  });

  it("is asked for by POST alone", async () => {
    for (const method of ["GET", "PUT", "DELETE"]) {
      expect((await call(method, "/v1/jobs", { key: "" })).status).toBe(404);
    }
  });
});
