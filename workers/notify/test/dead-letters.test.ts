import { describe, expect, it } from "vitest";
import { cancel } from "../src/ledger/cancel.ts";
import { claim } from "../src/ledger/claim.ts";
import { resolve } from "../src/ledger/resolve.ts";
import type { MemberOutcome } from "../src/ledger/settle.ts";
import { call, env, message, received, untilStatus } from "./service.ts";
import type { MessageBody } from "./service.ts";
import { deliverChunk } from "../src/deliver/deliver.ts";
import { inShard, placeOf } from "./shards.ts";
import { addresses, attempt, claimed, die, holds, only, told, waiting } from "./steps.ts";

interface Letter {
  readonly id: string;
  readonly reason: string;
  readonly to: readonly string[];
  readonly last: Readonly<Record<string, unknown>>;
}

interface Page {
  readonly deadLetters: readonly Letter[];
  readonly nextCursor?: string;
}

interface Replays {
  readonly replayed: number;
  readonly more: boolean;
  readonly replays: readonly { readonly id: string; readonly outcome: string; readonly replayedAs?: string }[];
}

type Detail = MessageBody & { readonly replayOf?: string; readonly replayedAs?: string };

const one = (): string => addresses(1)[0]!;

async function get(path: string): Promise<Page> {
  const response = await call("GET", `/v1/dead-letters${path}`);
  expect(response.status).toBe(200);
  return response.json();
}

/** All that are on the list, page by page. */
async function list(query = ""): Promise<readonly Letter[]> {
  const letters: Letter[] = [];
  let cursor: string | undefined;
  do {
    const page = await get(`?limit=2${query}${cursor === undefined ? "" : `&cursor=${cursor}`}`);
    letters.push(...page.deadLetters);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return letters;
}

const idsOf = (letters: readonly Letter[]): string[] => letters.map(({ id }) => id);

/** Messages that a provider has refused for good. */
async function dead(
  count: number,
  outcome: (uuid: string) => MemberOutcome = (uuid) =>
    attempt(uuid, { outcome: "failed", kind: "rejected", detail: "not verified", status: 403, providerCode: "E1" }),
): Promise<readonly string[]> {
  const { shard, uuids, ids } = await waiting(addresses(count), { providers: ["resend"] });
  await told(only(await claimed(shard)), uuids.map(outcome));
  return ids;
}

async function post(path: string, body?: object): Promise<Response> {
  return call("POST", path, { body });
}

async function replays(body: object): Promise<Replays> {
  const response = await post("/v1/dead-letters/replay", body);
  expect(response.status).toBe(200);
  return response.json();
}

describe("a dead letter", () => {
  it("is a message that was refused for good: why, and the last answer, without addresses", async () => {
    const [id] = await dead(1);
    const found = (await list()).find((letter) => letter.id === id);
    expect(found).toMatchObject({
      channel: "email",
      provider: "resend",
      reason: "rejected",
      tries: 1,
      to: ["d***@simulator.test"],
      last: { kind: "attempt", detail: "not verified", status: 403, then: { action: "stop", because: "rejected" } },
    });
    expect(JSON.stringify(found)).not.toContain("delivered+");
  });

  it("is one whose tries are spent", async () => {
    const { shard, uuids, ids } = await waiting(one(), { providers: ["resend"] });
    await inShard(shard, (sql) => void sql.exec("UPDATE message SET tries = 29 WHERE uuid = ?", uuids[0]!));
    const refusal = attempt(uuids[0]!, { outcome: "failed", kind: "rate-limited", retryAfterMs: 1_000 });
    await told(only(await claimed(shard)), [refusal]);
    expect(await message(ids[0]!)).toMatchObject({ status: "failed" });
    expect((await list("&reason=exhausted")).map(({ id }) => id)).toContain(ids[0]);
  });

  it("is one whose time is spent", async () => {
    const { shard, uuids, ids } = await waiting(one(), { providers: ["resend"] });
    await inShard(shard, (sql) => void sql.exec("UPDATE notification SET send_at = ?", Date.now() - 25 * 3_600_000));
    const refusal = attempt(uuids[0]!, { outcome: "failed", kind: "rate-limited", retryAfterMs: 1_000 });
    await told(only(await claimed(shard)), [refusal]);
    expect(idsOf(await list("&reason=exhausted"))).toContain(ids[0]);
  });

  it("is one that five sends were lost with", async () => {
    const { shard, uuids, ids } = await waiting(one(), { providers: ["resend"] });
    await inShard(shard, (sql) => void sql.exec("UPDATE message SET lost_leases = 4 WHERE uuid = ?", uuids[0]!));
    only(await claimed(shard));
    await die(shard);
    const letter = (await list("&reason=lost")).find(({ id }) => id === ids[0]);
    expect(letter).toMatchObject({ provider: "resend", last: { kind: "decision", rule: "dead-letter" } });
  });

  it("is one whose content is no message", async () => {
    const [id] = await dead(1, (uuid) => ({ uuid, kind: "refused", detail: "expected a subject", field: "subject" }));
    const letter = (await list("&reason=invalid-message")).find((found) => found.id === id);
    expect(letter).toMatchObject({ last: { rule: "message", field: "subject" } });
  });

  it("is none any more when a provider reports it as received", async () => {
    const [id] = await dead(1);
    const { shard, uuid } = placeOf(id!);
    const event = { uuid, id: "late", provider: "resend", type: "delivered", occurredAt: Date.now() } as const;
    const unsaid = { addressKey: undefined, reason: undefined, code: undefined, raw: null };
    await inShard(shard, (_, __, ledger) =>
      ledger.ingest(
        [{ ...event, ...unsaid, providerMessageId: undefined, providerType: "email.delivered" }],
        Date.now(),
      ),
    );
    expect((await message(id!)).status).toBe("delivered");
    expect(idsOf(await list())).not.toContain(id);
  });
});

describe("the list", () => {
  it("is newest first, page by page, and filtered by what is asked for", async () => {
    const ids = [...(await dead(3)), ...(await dead(2))];
    const all = idsOf(await list());
    expect(all).toEqual(all.toSorted((a, b) => (a.slice(6) < b.slice(6) ? 1 : -1)));
    expect(all).toEqual(expect.arrayContaining(ids));
    expect(idsOf(await list("&channel=email&provider=resend&reason=rejected"))).toEqual(expect.arrayContaining(ids));
    for (const other of ["channel=sms", "provider=postmark", "reason=exhausted"]) {
      for (const id of ids) expect(idsOf(await list(`&${other}`))).not.toContain(id);
    }
  });

  it("refuses a cursor that is none", async () => {
    expect((await call("GET", "/v1/dead-letters?cursor=x")).status).toBe(422);
  });

  it("is read with the scope to read, and changed only by an admin", async () => {
    const made = await call("POST", "/v1/keys", { body: { name: "app", scopes: ["send", "read"] } });
    const { key } = await made.json<{ key: string }>();
    const [id] = await dead(1);
    expect((await call("GET", "/v1/dead-letters", { key })).status).toBe(200);
    for (const path of [
      "dead-letters/replay",
      "dead-letters/discard",
      `messages/${id}/replay`,
      `messages/${id}/resolve`,
    ]) {
      expect((await call("POST", `/v1/${path}`, { key, body: { ids: [id] } })).status).toBe(403);
    }
  });
});

describe("replay", () => {
  it("makes a new message of the old, and each points at the other", async () => {
    const [id] = await dead(1);
    const response = await post(`/v1/messages/${id}/replay`);
    expect(response.status).toBe(201);
    const { id: as } = await response.json<{ id: string }>();
    expect(response.headers.get("location")).toBe(`/v1/messages/${as}`);
    const again = (await untilStatus(as, "delivered")) as Detail;
    expect(again).toMatchObject({ replayOf: id, possibleDuplicate: false });
    expect(received(as)).toBe(1);
    const old = (await message(id!)) as Detail;
    expect(old).toMatchObject({ status: "failed", replayedAs: as, to: again.to });
    expect(old.timeline.at(-1)).toMatchObject({ rule: "replay" });
    expect(idsOf(await list())).not.toContain(id);
  });

  it("asked for twice makes one message", async () => {
    const [id] = await dead(1);
    const first = await post(`/v1/messages/${id}/replay`);
    const second = await post(`/v1/messages/${id}/replay`);
    expect([first.status, second.status]).toEqual([201, 200]);
    expect(await second.json()).toEqual(await first.json());
    const both = await Promise.all([1, 2, 3].map(() => replays({ ids: [id] })));
    expect(both.map(({ replayed }) => replayed)).toEqual([0, 0, 0]);
  });

  it("of several says what became of each, and those of one notification stay together", async () => {
    const ids = await dead(3);
    await post("/v1/dead-letters/discard", { ids: [ids[2]] });
    const { shard } = placeOf(ids[0]!);
    const nobody = `msg_${shard.toString(16).padStart(2, "0")}${"0".repeat(32)}`;
    const { id: sent } = await soon();
    const answer = await replays({ ids: [...ids, ids[0], nobody, sent] });
    const outcomes = new Map(answer.replays.map(({ id, outcome }) => [id, outcome]));
    expect(answer).toMatchObject({ replayed: 3, more: false });
    expect(outcomes.get(nobody)).toBe("unknown");
    expect(outcomes.get(sent)).toBe("refused");
    const made = answer.replays.flatMap(({ replayedAs }) => replayedAs ?? []);
    expect(new Set(made.map((as) => as.slice(0, 30))).size).toBe(1);
    for (const as of made) await untilStatus(as, "delivered");
  });

  it("of all that a filter means leaves none of them on the list", async () => {
    await replays({ filter: {} });
    const ids = await dead(2);
    const other = await dead(1, (uuid) => ({ uuid, kind: "refused", detail: "no", field: undefined }));
    const answer = await replays({ filter: { reason: "rejected", channel: "email" } });
    expect(answer.replays.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
    expect(idsOf(await list())).toEqual(other);
  });

  it("of one that may have been sent is marked", async () => {
    const { shard, uuids, ids } = await waiting(one(), { providers: ["resend"] });
    await inShard(shard, (sql) => void sql.exec("UPDATE message SET lost_leases = 4 WHERE uuid = ?", uuids[0]!));
    only(await claimed(shard));
    await die(shard);
    const { id: as } = await (await post(`/v1/messages/${ids[0]}/replay`)).json<{ id: string }>();
    expect(await message(as)).toMatchObject({ possibleDuplicate: true });
  });

  it("keeps the content whole, though it was stored in parts", async () => {
    const text = `${"\u20ac".repeat(500_000)}.`;
    const { shard, uuids, ids } = await waiting(one(), { providers: ["resend"] }, { text });
    const refusal = attempt(uuids[0]!, { outcome: "failed", kind: "rejected" });
    await told(only(await claimed(shard)), [refusal]);
    const { id: as } = await (await post(`/v1/messages/${ids[0]}/replay`)).json<{ id: string }>();
    const content = await inShard(shard, (sql) => {
      const parts = sql
        .exec<{ data: ArrayBuffer }>(
          "SELECT data FROM content_part WHERE notification = ? ORDER BY part",
          `${placeOf(as).uuid.slice(0, 24)}00000000`,
        )
        .toArray();
      return parts.reduce((sum, { data }) => sum + data.byteLength, 0);
    });
    expect(content).toBeGreaterThan(1_500_000);
    await untilStatus(as, "delivered");
  });

  it.each(["delivered", "scheduled"])("of one that is %s is refused", async (status) => {
    const { id } = status === "delivered" ? await soon() : { id: (await waiting(one())).ids[0]! };
    const response = await post(`/v1/messages/${id}/replay`);
    expect(response.status).toBe(409);
    expect(await response.json()).toMatchObject({ type: "/problems/not-replayable", message: { id, status } });
  });

  it("of one that was canceled or expired sends it after all", async () => {
    const { ids } = await waiting(one());
    await post(`/v1/messages/${ids[0]}/cancel`);
    const { id: as } = await (await post(`/v1/messages/${ids[0]}/replay`)).json<{ id: string }>();
    await untilStatus(as, "delivered");
    expect((await message(ids[0]!)).status).toBe("canceled");
  });

  it.each([
    ["neither ids nor filter", {}],
    ["both", { ids: ["x"], filter: {} }],
    ["no ids", { ids: [] }],
    ["an id that is none", { ids: ["msg_1"] }],
    ["a filter by something else", { filter: { to: "ada@example.com" } }],
  ])("is refused with %s", async (_, body) => {
    for (const action of ["replay", "discard"]) {
      expect((await post(`/v1/dead-letters/${action}`, body)).status).toBe(422);
    }
  });
});

describe("discard", () => {
  it("takes a message off the list and leaves it as it is", async () => {
    const [id] = await dead(1);
    const before = await message(id!);
    const response = await post("/v1/dead-letters/discard", { ids: [id] });
    expect(await response.json()).toEqual({ discarded: 1, ids: [id], more: false });
    expect(idsOf(await list())).not.toContain(id);
    expect(await message(id!)).toEqual(before);
    expect(await (await post("/v1/dead-letters/discard", { ids: [id] })).json()).toMatchObject({ discarded: 0 });
  });

  it("takes all that a filter means", async () => {
    const ids = await dead(3);
    const response = await post("/v1/dead-letters/discard", { filter: { provider: "resend" } });
    expect((await response.json<{ ids: string[] }>()).ids).toEqual(expect.arrayContaining([...ids]));
    expect(await list("&provider=resend")).toEqual([]);
  });
});

describe("a held message", () => {
  async function held(): Promise<string> {
    const { shard, uuids, ids } = await waiting(one(), { providers: ["postmark"] });
    const lost = attempt(uuids[0]!, { provider: "postmark" });
    await told(only(await claimed(shard, holds)), [lost], holds);
    expect(await message(ids[0]!)).toMatchObject({ status: "held", tries: 1 });
    return ids[0]!;
  }

  it("is resolved as sent: it is done", async () => {
    const id = await held();
    const response = await post(`/v1/messages/${id}/resolve`, { as: "sent" });
    expect([response.status, await response.json()]).toEqual([200, { id, status: "sent" }]);
    expect((await message(id)).timeline.at(-1)).toMatchObject({ rule: "resolve", as: "sent", then: "done" });
  });

  it("is released: it goes out, is marked, and has its whole budget", async () => {
    const id = await held();
    await inShard(placeOf(id).shard, (sql) => void sql.exec("UPDATE message SET tries = 30"));
    expect((await post(`/v1/messages/${id}/resolve`, { as: "resend" })).status).toBe(200);
    const found = await untilStatus(id, "delivered");
    expect(found).toMatchObject({ possibleDuplicate: true });
    expect(found.timeline.map((entry) => entry["rule"] ?? entry["outcome"] ?? entry["type"])).toEqual([
      "unknown",
      "resolve",
      "accepted",
      "delivered",
    ]);
    expect(received(id)).toBe(1);
  });

  it("that was released and then expires, or is called back, still says that it may have been sent", async () => {
    const [over, back] = [await held(), await held()];
    for (const id of [over, back]) {
      const { shard, uuid } = placeOf(id);
      await inShard(shard, (sql, storage) => {
        expect(resolve(sql, uuid, "resend", Date.now())).toMatchObject({ status: "queued" });
        if (id === back) expect(cancel(sql, { kind: "msg", uuid }, Date.now())).toMatchObject([{ status: "canceled" }]);
        else {
          const notification = `${uuid.slice(0, 24)}00000000`;
          sql.exec("UPDATE notification SET expires_at = ? WHERE uuid = ?", Date.now() - 1, notification);
          storage.transactionSync(() => claim(sql, shard, Date.now(), holds));
        }
      });
    }
    expect(await message(over)).toMatchObject({ status: "expired" });
    expect((await message(over)).timeline.at(-1)).toMatchObject({ rule: "expiry", mayHaveBeenSent: true });
    expect((await message(back)).timeline.at(-1)).toMatchObject({ rule: "cancel", mayHaveBeenSent: true });
  });

  it("is given up: it failed, and is no dead letter, for somebody has looked", async () => {
    const id = await held();
    await post(`/v1/messages/${id}/resolve`, { as: "failed" });
    expect((await message(id)).status).toBe("failed");
    expect(idsOf(await list())).not.toContain(id);
    expect((await post(`/v1/messages/${id}/replay`)).status).toBe(201);
  });

  it("is resolved once; anything else is not resolved at all", async () => {
    const id = await held();
    await post(`/v1/messages/${id}/resolve`, { as: "sent" });
    const again = await post(`/v1/messages/${id}/resolve`, { as: "resend" });
    expect(again.status).toBe(409);
    expect(await again.json()).toMatchObject({ type: "/problems/not-held", message: { id, status: "sent" } });
    expect((await post(`/v1/messages/${id}/resolve`, { as: "lost" })).status).toBe(422);
    expect((await post(`/v1/messages/msg_00${"0".repeat(32)}/resolve`, { as: "sent" })).status).toBe(404);
  });
});

/** A message that was sent and received. */
async function soon(): Promise<{ readonly id: string }> {
  const { shard, ids } = await waiting(one());
  await deliverChunk(env, only(await claimed(shard)));
  await untilStatus(ids[0]!, "delivered");
  return { id: ids[0]! };
}
