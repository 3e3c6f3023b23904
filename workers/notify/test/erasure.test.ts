import { runDurableObjectAlarm } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { addressOf } from "../src/accept/address.ts";
import { app } from "../src/app.ts";
import type { Env } from "../src/env.ts";
import { allShards, shardStub } from "../src/ledger/shards.ts";
import { beginErasure, stepErasures } from "../src/ledger/erasures.ts";
import { advanceErasure, resumeErasures } from "../src/recipients/erase.ts";
import { erasedKeyOf } from "../src/recipients/erased-key.ts";
import { findErasure } from "../src/directory/erasures.ts";
import { listen, useApps } from "./apps.ts";
import { meter } from "./meter.ts";
import { claimed, waiting } from "./steps.ts";
import { keyWith, newRecipient, newRecipientId } from "./recipients.ts";
import { accept, call, email, env, message, received, until, untilStatus } from "./service.ts";
import { inShard, placeOf } from "./shards.ts";
import { postResend } from "./webhooks.ts";

useApps();

const inAnHour = (): string => new Date(Date.now() + 3_600_000).toISOString();

/** Every row of every table, of the directory and of all shards, as text. */
async function everything(): Promise<string> {
  const names =
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '_cf_%'";
  const shards = await Promise.all(
    allShards(env).map((shard) =>
      inShard(shard, (sql) =>
        sql
          .exec<{ name: string }>(names)
          .toArray()
          .map(({ name }) => [
            name,
            sql
              .exec(`SELECT * FROM ${name}`)
              .toArray()
              .map((row) =>
                Object.values(row).map((value) =>
                  value instanceof ArrayBuffer ? new TextDecoder().decode(value) : value,
                ),
              ),
          ]),
      ),
    ),
  );
  const { results } = await env.DB.prepare(names).all<{ name: string }>();
  const tables = await Promise.all(
    results.map(async ({ name }) => [name, (await env.DB.prepare(`SELECT * FROM ${name}`).all()).results]),
  );
  return JSON.stringify([shards, tables]);
}

async function isLeft(word = ""): Promise<boolean> {
  return (await everything()).includes(word);
}

interface ErasureBody {
  readonly id: string;
  readonly status: string;
  readonly shards: { readonly done: number; readonly of: number };
  readonly doneAt?: string;
}

async function erase(recipient: string): Promise<ErasureBody> {
  const response = await call("DELETE", `/v1/recipients/${recipient}`);
  expect(response.status).toBe(202);
  const body = await response.json<ErasureBody>();
  expect(response.headers.get("location")).toBe(`/v1/erasures/${body.id}`);
  return body;
}

async function untilErased({ id }: ErasureBody): Promise<ErasureBody> {
  const read = async (): Promise<ErasureBody> => (await call("GET", `/v1/erasures/${id}`)).json();
  await expect
    .poll(
      async () => {
        for (const shard of allShards(env)) {
          // The rest that a shard takes is over.
          await inShard(shard, (sql) => sql.exec("UPDATE erasure SET due_at = ?", Date.now() - 1));
          await runDurableObjectAlarm(shardStub(env, shard) as never);
        }
        return (await read()).status;
      },
      { timeout: 45_000 },
    )
    .toBe("done");
  return read();
}

/** Somebody whose every trace has a word of its own. */
function person(): { id: string; mail: string; second: string; phone: string; token: string; words: string[] } {
  const word = crypto.randomUUID().slice(0, 8);
  const phone = `+1500555${String(Math.floor(Math.random() * 10_000)).padStart(4, "0")}`;
  const [id, mail, second] = [
    `person_${word}`,
    `delivered+${word}@simulator.test`,
    `bounced+second${word}@simulator.test`,
  ];
  const token = `delivered-token-${word}`;
  return { id, mail, second, phone, token, words: [word, phone, `name${word}`, `content${word}`] };
}

async function giveToken(recipient: string, token: string): Promise<void> {
  const response = await call("PUT", `/v1/recipients/${recipient}/devices`, { body: { token } });
  expect(response.status).toBe(201);
}

/** What a broadcast says stays, for it is for many. */
const plain = { subject: "For all", html: "<p>For all</p>", text: "For all", metadata: {} };

const contentOf = (word: string): object => ({
  from: "app@example.org",
  subject: `content${word} for you`,
  html: `<p>content${word}</p>`,
  metadata: { who: `content${word}` },
});

// Each goes through sixteen shards, a step at a time.
describe("an erasure", { timeout: 60_000 }, () => {
  it("leaves nothing of somebody, their addresses and what was written to them, in any table of any store", async () => {
    const { id, mail, second, phone, token, words } = person();
    const [word = ""] = words;
    await listen(["*"]);
    await newRecipient(
      { addresses: { email: [{ email: mail, name: `name${word}` }, second], sms: phone }, data: { word } },
      id,
    );
    await giveToken(id, token);
    await call("PUT", `/v1/recipients/${id}/preferences`, { body: { preferences: { marketing: { wanted: false } } } });
    const content = contentOf(word);
    // Sent by name and by address, waiting, failed, in copy, on a route, and large.
    const sent = await accept({ channel: "email", to: { recipient: id }, content });
    const bounced = await accept({ channel: "email", to: second, content });
    const pushed = await accept({ channel: "fcm", to: { recipient: id }, content: { title: `content${word}` } });
    const later = await accept({ channel: "email", to: { recipient: id }, content, sendAt: inAnHour() });
    const laterToo = await accept({
      channel: "sms",
      to: phone,
      content: { text: `content${word}` },
      sendAt: inAnHour(),
    });
    const failed = await accept({ channel: "slack", to: { recipient: id }, content: { text: "x" } }).catch(
      () => undefined,
    );
    expect(failed).toBeUndefined();
    const large = await accept({
      channel: "email",
      to: mail,
      content: { ...content, text: `content${word}`.repeat(80_000) },
    });
    const routed = await accept({
      to: { email: mail, sms: phone },
      content: { email: content, sms: { text: `content${word}` } },
      route: [{ channel: "email" }, { channel: "sms", after: "2h" }],
    });
    const named = await accept({
      to: { recipient: id },
      content: { email: content, sms: { text: `content${word}` } },
      route: [{ channel: "email" }, { channel: "sms", after: "2h" }],
    });
    await call("PUT", `/v1/topics/of-${words.length}-all`, { body: { title: "All" } });
    await call("PUT", `/v1/topics/of-${words.length}-all/members/${id}`);
    const toAll = { channel: "email", to: { topic: `of-${words.length}-all` }, content: { ...content, ...plain } };
    const broadcast = await accept(toAll);
    await expect
      .poll(async () => (await call("GET", `/v1/notifications/${broadcast.id}`)).text(), { timeout: 15_000 })
      .toMatch(/"byStatus":\{"(sent|delivered)":1\}/);
    for (const one of [sent, large, routed, named]) await untilStatus(one.messages[0]!.id, "delivered");
    await untilStatus(bounced.messages[0]!.id, "bounced");
    await untilStatus(pushed.messages[0]!.id, "sent");
    await call("POST", "/v1/schedules", {
      body: { cron: "0 8 1 1 *", notification: { channel: "email", to: [{ recipient: id }, mail], content } },
    });
    await call("PUT", "/v1/suppressions", { body: { channel: "email", address: mail } });
    const before = await everything();
    expect(words.filter((one) => !before.toLowerCase().includes(one.toLowerCase()))).toEqual([]);

    const done = await untilErased(await erase(id));
    expect(done).toMatchObject({ status: "done", shards: { done: 16, of: 16 } });
    const after = (await everything()).toLowerCase();
    const left = words.filter((one) => after.includes(one.toLowerCase()));
    const key = (await addressOf("fcm", { token }))!.key;
    expect([left, after.includes(key), after.includes(id)]).toEqual([[], false, false]);
    // What they were is still counted.
    expect(await message(sent.messages[0]!.id)).toMatchObject({ status: "delivered", to: ["erased"], tries: 1 });
    expect(await message(bounced.messages[0]!.id)).toMatchObject({ status: "bounced", to: ["erased"] });
    for (const one of [later, laterToo]) {
      expect(await message(one.messages[0]!.id)).toMatchObject({ status: "failed" });
      const replay = await call("POST", `/v1/messages/${one.messages[0]!.id}/replay`);
      expect(replay.status).toBe(409);
    }
    expect((await call("GET", `/v1/recipients/${id}`)).status).toBe(404);
  });

  it("keeps what others got too, but for what is this one's", async () => {
    const { id, mail, words } = person();
    const [word = ""] = words;
    const other = `delivered+other${crypto.randomUUID().slice(0, 8)}@simulator.test`;
    await newRecipient({ addresses: { email: mail } }, id);
    const list = await accept(email([mail, other], {}, { subject: "For all" }));
    const letter = await accept(email([other, mail], { envelope: true }, { subject: "For both", cc: [mail] }));
    const later = await accept(email([{ recipient: id }, other], { sendAt: inAnHour() }, { subject: "Later" }));
    for (const { id: one } of [...list.messages, ...letter.messages]) await untilStatus(one, "delivered");
    await untilErased(await erase(id));
    expect(await isLeft(word)).toBe(false);
    expect(await message(list.messages[1]!.id)).toMatchObject({ subject: "For all", to: ["d***@simulator.test"] });
    expect(await message(letter.messages[0]!.id)).toMatchObject({
      subject: "For both",
      status: "delivered",
      to: expect.arrayContaining(["d***@simulator.test", "erased"]) as string[],
    });
    expect(await message(later.messages[0]!.id)).toMatchObject({ status: "failed", to: [] });
    await call("POST", `/v1/messages/${later.messages[1]!.id}/reschedule`, { body: { delay: "0s" } });
    await untilStatus(later.messages[1]!.id, "delivered");
  });

  it("keeps suppressions by hash: the address stays suppressed, for who comes back with it too", async () => {
    const { id, mail, words } = person();
    await newRecipient({ addresses: { email: mail } }, id);
    await call("PUT", "/v1/suppressions", { body: { channel: "email", address: mail } });
    await call("PUT", "/v1/suppressions", { body: { channel: "email", address: mail, scope: "marketing" } });
    await untilErased(await erase(id));
    const list = await (await call("GET", "/v1/suppressions?limit=200")).text();
    expect(list).toContain('"address":"erased"');
    expect(list).not.toContain(words[0]);
    const again = await newRecipient({ addresses: { email: mail } }, id);
    const [one] = (await accept(email({ recipient: again }))).messages;
    await untilStatus(one!.id, "suppressed");
    // An export can be imported elsewhere.
    const exported = await (
      await call("GET", "/v1/suppressions/export")
    ).json<{ suppressions: { address: string }[] }>();
    const [kid = "", secret = ""] = (env.ERASURE_KEYS ?? "").split(":");
    const hidden = await erasedKeyOf({ id: kid, secret }, { channel: "email", addressKey: mail });
    const rows = exported.suppressions.filter(({ address }) => address === hidden);
    expect(rows).toHaveLength(2);
    expect((await call("POST", "/v1/suppressions/import", { body: { suppressions: rows } })).status).toBe(200);
    // Whoever may lift it, may lift it still.
    for (const scope of ["all", "marketing"]) {
      const body = { channel: "email", address: mail, scope };
      expect((await call("DELETE", "/v1/suppressions", { body })).status).toBe(204);
      expect((await call("DELETE", "/v1/suppressions", { body })).status).toBe(404);
    }
    const [two] = (await accept(email({ recipient: again }))).messages;
    await untilStatus(two!.id, "delivered");
  });

  it("leaves a tombstone: what a provider says later counts, and is not kept as it said it", async () => {
    const { id, mail, words } = person();
    const [word = ""] = words;
    const told = await listen(["*"]);
    await newRecipient({ addresses: { email: mail } }, id);
    const [one] = (await accept(email({ recipient: id }, {}, { subject: "x" }))).messages;
    const sent = await untilStatus(one!.id, "delivered");
    const { providerMessageId } = sent as unknown as { providerMessageId: string };
    await untilErased(await erase(id));
    const event = { id: "late-complaint", type: "email.complained", messageId: one!.id, emailId: providerMessageId };
    const response = await postResend({ ...event, to: mail });
    expect(response.status).toBe(200);
    const complained = await until(one!.id, ({ status }) => status === "complained");
    expect(complained.to).toEqual(["erased"]);
    await expect
      .poll(async () => (await call("GET", "/v1/suppressions?limit=200")).text())
      .toContain('"reason":"complained"');
    expect(await isLeft(word)).toBe(false);
    expect(JSON.stringify(told.told.at(-1))).not.toContain(mail);
    // And who comes back is not written to.
    const again = await newRecipient({ addresses: { email: mail } }, newRecipientId());
    const [two] = (await accept(email({ recipient: again }))).messages;
    await untilStatus(two!.id, "suppressed");
  });

  it("stops what somebody has in hand from being tried again, and takes their report without a word of it", async () => {
    const { mail, words } = person();
    const { shard, uuids, ids } = await waiting(mail);
    const id = await newRecipient({ addresses: { email: mail } }, `hand_${words[0] ?? ""}`);
    const [job] = await claimed(shard);
    expect(job?.members.map(({ uuid }) => uuid)).toEqual(uuids);
    await untilErased(await erase(id));
    expect((await message(ids[0]!)).status).toBe("failed");
    const report = {
      provider: "resend",
      account: "default",
      startedAt: new Date(),
      durationMs: 5,
      outcome: "rejected",
      requestKey: "x",
      batchSize: 1,
      kind: "unavailable",
      detail: `No room for ${mail}`,
    };
    const outcomes = [{ uuid: uuids[0]!, kind: "attempt", report }];
    await shardStub(env, shard).record({
      chunk: job!.chunk,
      token: job!.token,
      lane: job!.lane,
      now: Date.now(),
      outcomes: outcomes as never,
    });
    const after = await message(ids[0]!);
    expect(after.status).toBe("failed");
    expect(after.nextTryAt).toBeUndefined();
    expect(await isLeft(words[0])).toBe(false);
    expect(received(ids[0]!)).toBe(0);
  });

  it("finds what somebody had in hand before it began, once their lease is over", async () => {
    const { id, mail, words } = person();
    await newRecipient({ addresses: { email: mail } }, id);
    const begun = await erase(id);
    const shard = 3;
    const stages = async (): Promise<unknown> =>
      inShard(shard, (sql) =>
        sql.exec("SELECT stage, due_at > ? AS rests FROM erasure", Date.now() + 30_000).toArray(),
      );
    await expect
      .poll(async () => {
        await runDurableObjectAlarm(shardStub(env, shard) as never);
        return stages();
      })
      .toEqual([{ stage: 7, rests: 1 }]);
    const late = await accept(email(`delivered+late${Date.now()}@simulator.test`, { sendAt: inAnHour() }));
    const place = placeOf(late.messages[0]!.id);
    await inShard(place.shard, (sql) => {
      const addresses = JSON.stringify([{ key: mail, label: "d***@simulator.test" }]);
      const set = "UPDATE message SET recipient = ?, addresses = ?, recipient_id = ? WHERE uuid = ?";
      sql.exec(set, JSON.stringify(mail), addresses, id, place.uuid);
    });
    expect(
      (await call("GET", `/v1/erasures/${begun.id}`).then((response) => response.json<ErasureBody>())).status,
    ).toBe("running");
    await untilErased(begun);
    expect(await isLeft(words[0])).toBe(false);
  });

  it("is one, however often it is asked for, and lets nobody be made anew until it is done", async () => {
    const id = await newRecipient({ addresses: { email: person().mail } });
    const row = env.DB.prepare("INSERT INTO erasure (id, recipient, requested_at) VALUES (?1, ?2, ?3)");
    await row.bind(`era_${id}`, id, Date.now()).run();
    const again = await erase(id);
    expect(again.id).toBe(`era_${id}`);
    for (const path of [`/v1/recipients/${id}`, `/v1/recipients/${id}/preferences`]) {
      const response = await call("PUT", path, { body: path.endsWith("preferences") ? { preferences: {} } : {} });
      expect([404, 409]).toContain(response.status);
    }
    await untilErased(again);
    await newRecipient({}, id);
  });

  it("has all of somebody's addresses from the moment it is asked for: none comes or goes until it is done", async () => {
    const { mail } = person();
    const id = await newRecipient({ addresses: { email: mail } });
    const before = await (await call("GET", `/v1/recipients/${id}`)).json();
    await env.DB.prepare("INSERT INTO erasure (id, recipient, requested_at) VALUES (?1, ?2, ?3)")
      .bind(`era_${id}`, id, Date.now())
      .run();
    const put = async (path: string, body: object, method = "PUT"): Promise<number> =>
      (await call(method, `/v1/recipients/${id}${path}`, { body })).status;
    expect(await put("", {})).toBe(409);
    expect(await put("", { addresses: { email: null } }, "PATCH")).toBe(409);
    expect(await put("/devices", { token: `delivered-${id}` })).toBe(409);
    expect(await (await call("GET", `/v1/recipients/${id}`)).json()).toEqual(before);
    expect(await (await call("GET", `/v1/recipients/${id}/devices`)).json()).toEqual({ devices: [] });
  });

  it("is brought to its end by the sweep, wherever whoever was at it has died", async () => {
    const { id, mail, words } = person();
    await newRecipient({ addresses: { email: mail } }, id);
    const [one] = (await accept(email(mail, { sendAt: inAnHour() }))).messages;
    const erasure = `era_${crypto.randomUUID()}`;
    const begin = env.DB.prepare("INSERT INTO erasure (id, recipient, requested_at) VALUES (?1, ?2, ?3)");
    await begin.bind(erasure, id, Date.now()).run();
    // Nobody gets to the shards, at first.
    const down = {
      idFromName: (name: string) => env.LEDGER.idFromName(name),
      get: () => ({ erase: () => Promise.reject(new Error("down")) }),
    };
    await advanceErasure({ ...env, LEDGER: down } as unknown as Env, (await findErasure(env.DB, erasure))!);
    expect((await findErasure(env.DB, erasure))?.marks).toHaveLength(1);
    // Somebody else who had begun, too, and comes late.
    const stale = { ...(await findErasure(env.DB, erasure))!, marks: undefined };
    await advanceErasure({ ...env, LEDGER: down } as unknown as Env, stale);
    expect((await findErasure(env.DB, erasure))?.marks).toHaveLength(1);
    expect((await message(one!.id)).status).toBe("scheduled");
    await resumeErasures(env);
    await untilErased({ id: erasure } as ErasureBody);
    expect(await isLeft(words[0])).toBe(false);
    // Nor is somebody else of that name taken for them.
    await newRecipient({ addresses: { email: mail } }, id);
    const [two] = (await accept(email({ recipient: id }, { sendAt: inAnHour() }))).messages;
    await advanceErasure(env, stale);
    for (const shard of allShards(env)) await runDurableObjectAlarm(shardStub(env, shard) as never);
    expect((await call("GET", `/v1/recipients/${id}`)).status).toBe(200);
    expect((await message(two!.id)).status).toBe("scheduled");
  });

  it("takes many messages in steps, each of bounded work", async () => {
    const { id, mail, words } = person();
    await newRecipient({ addresses: { email: mail } }, id);
    const key = { "idempotency-key": crypto.randomUUID() };
    const body = { notifications: Array.from({ length: 100 }, () => email(mail, { sendAt: inAnHour() })) };
    const batch = await call("POST", "/v1/notifications/batch", { body, headers: key });
    const { notifications } = await batch.json<{ notifications: { id: string; messages: { id: string }[] }[] }>();
    const { shard } = placeOf(notifications[0]!.id);
    // More than a step looks at.
    await inShard(shard, (sql) => {
      sql.exec(
        `INSERT INTO message (uuid, recipient, addresses, priority, place, status)
         SELECT substr(m.uuid, 1, 24) || printf('%08x', 100 + n.value), m.recipient, m.addresses, 1, 'done', 'done'
         FROM message AS m, json_each('[1,2,3,4,5,6,7,8,9,10,11]') AS n WHERE m.addresses ->> '$[0].key' = ?`,
        mail,
      );
    });
    await untilErased(await erase(id));
    expect(await isLeft(words[0])).toBe(false);
    const count = await inShard(shard, (sql) =>
      sql.exec("SELECT count(*) AS n FROM message WHERE erased_at > 0").one(),
    );
    expect(Number(count["n"])).toBeGreaterThanOrEqual(1_200);
  });

  it("asks the storage as often for many messages as for few", async () => {
    const statements: number[] = [];
    for (const howMany of [2, 60]) {
      const { id, mail } = person();
      await newRecipient({ addresses: { email: mail } }, id);
      const other = `delivered+copy${crypto.randomUUID().slice(0, 8)}@simulator.test`;
      const one = Array.from({ length: howMany }, () => email({ recipient: id }, { sendAt: inAnHour() }));
      const both = Array.from({ length: howMany / 2 }, () =>
        email([other], { envelope: true, sendAt: inAnHour() }, { cc: [mail] }),
      );
      const headers = { "idempotency-key": crypto.randomUUID() };
      const batch = await call("POST", "/v1/notifications/batch", {
        body: { notifications: [...one, ...both] },
        headers,
      });
      const { notifications } = await batch.json<{ notifications: { id: string }[] }>();
      const { shard } = placeOf(notifications[0]!.id);
      const counted = await meter();
      const marks = [
        { channel: "email", addressKey: mail, label: "x", erasedKey: `erased:test:${howMany}`, spelled: [mail] },
      ];
      await inShard(shard, (sql, storage) =>
        storage.transactionSync(() => {
          beginErasure(sql, { id: `era_${id}`, recipient: id, marks }, 0);
          for (let step = 0; step < 7; step++) stepErasures(sql, Date.now());
          sql.exec("DELETE FROM erasure");
        }),
      );
      statements.push(counted.statements);
      expect(counted.largestValue).toBeLessThan(2_000_000);
      const kept = await (await call("GET", `/v1/notifications/${notifications.at(-1)?.id ?? ""}`)).text();
      expect(kept).toContain("d***@simulator.test");
      expect(await isLeft(`"cc":["${mail}"]`)).toBe(false);
    }
    // What other tests have left on a shard may be looked at, too.
    expect(statements[1]).toBeLessThanOrEqual(statements[0]! + 3);
  });

  it("is refused without a key to keep suppressions by, for nobody, and by who may not", async () => {
    const id = await newRecipient();
    expect((await call("DELETE", `/v1/recipients/${newRecipientId()}`)).status).toBe(404);
    expect((await call("DELETE", `/v1/recipients/${id}`, { key: await keyWith("send", "read") })).status).toBe(403);
    expect((await call("GET", "/v1/erasures/era_none")).status).toBe(404);
    const headers = { authorization: `Bearer ${env.ADMIN_API_KEY ?? ""}` };
    const request = new Request(`https://carillon.test/v1/recipients/${id}`, { method: "DELETE", headers });
    const response = await app.fetch(request, { ...env, ERASURE_KEYS: undefined } as never);
    expect(response.status).toBe(503);
    expect(await response.text()).toContain("ERASURE_KEYS");
    expect((await call("GET", `/v1/recipients/${id}`)).status).toBe(200);
  });
});
