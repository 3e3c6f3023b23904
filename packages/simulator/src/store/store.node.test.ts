/// <reference types="node" />
import { describe, expect, test } from "vitest";
import type { AcceptedMessage, OtherRequest } from "../message.ts";
import { memoryStore } from "./memory.ts";
import { sqlStore } from "./sql.ts";
import type { SqlDatabase } from "./sql-database.ts";
import type { Acceptance, MessageFilter, NewWebhook, Store } from "./store.ts";

/** Node's SQLite behind the part of a Durable Object's interface that the store uses. */
function nodeDatabase(): SqlDatabase {
  const database = new (process.getBuiltinModule("node:sqlite").DatabaseSync)(":memory:");
  return {
    exec: (query, ...bindings) => {
      const rows = database.prepare(query).all(...bindings);
      return { toArray: () => rows };
    },
  };
}

const message = (messageId: string | undefined, html = "<p>x</p>"): AcceptedMessage => ({
  providerMessageId: `provider-${messageId}`,
  messageId,
  content: {
    kind: "email",
    from: { email: "a@example.com" },
    to: [{ email: "b@example.com" }],
    cc: [],
    bcc: [],
    replyTo: [],
    subject: "Hi",
    html,
    headers: [],
    attachments: [],
  },
  metadata: {},
  tags: [],
  recipients: ["b@example.com"],
});
const webhook = (id: string, dueAtMs: number): NewWebhook => ({
  event: { id, type: "sent", recipient: "b@example.com", atMs: 1 },
  payload: { id },
  state: "waiting",
  dueAtMs,
});
const acceptance = (entries: Acceptance["entries"], more: Partial<Acceptance> = {}): Acceptance => ({
  provider: "resend",
  receivedAtMs: 1,
  request: { method: "POST", url: "https://api.resend.com/emails", headers: [["accept", "*/*"]], body: "{}" },
  entries,
  ...more,
});

const other = (note: string): Omit<OtherRequest, "id"> => ({
  provider: "resend",
  receivedAtMs: 1,
  status: 401,
  note,
  method: "POST",
  url: "https://api.resend.com/emails",
  headers: [],
  body: "{}",
});

describe.each<[string, () => Store]>([
  ["in memory", memoryStore],
  ["in SQLite", () => sqlStore(nodeDatabase())],
])("the store %s", (_, create) => {
  test("gives back what it took, however long", () => {
    const store = create();
    const html = "ä".repeat(1_200_001);
    const request = { ...acceptance([]).request, body: "b".repeat(700_000) };
    store.accept(acceptance([{ message: message("m1", html), webhooks: [] }], { request, idempotencyKey: "k" }));
    const kept = store.message("1");
    expect(kept?.content.kind === "email" && kept.content.html === html).toBe(true);
    expect(kept?.request.body === request.body).toBe(true);
    expect(kept?.request.headers).toEqual([["accept", "*/*"]]);
    expect(kept).toMatchObject({ id: "1", provider: "resend", idempotencyKey: "k", title: "Hi", messageId: "m1" });
    expect(store.messages({}, 10).items[0]).not.toHaveProperty("content");
    expect([store.message("2"), store.message("x")]).toEqual([undefined, undefined]);
  });

  test("pages from the newest", () => {
    const store = create();
    store.accept(acceptance(["1", "2", "3"].map((id) => ({ message: message(id), webhooks: [] }))));
    const first = store.messages({}, 2);
    expect(first).toMatchObject({ items: [{ id: "3" }, { id: "2" }], next: "2" });
    expect(store.messages({}, 2, first.next)).toMatchObject({ items: [{ id: "1" }] });
    expect(store.messages({}, 3)).not.toHaveProperty("next");
    expect(store.messages({ messageId: "provider-2" }, 3).items).toMatchObject([{ id: "2" }]);
    expect(store.messages({ recipient: "nobody" }, 3).items).toEqual([]);
  });

  test("keeps what a message said before its edits, however long", () => {
    const store = create();
    const long = "ä".repeat(700_001);
    const { content } = message("m");
    const edit = (text: string): void =>
      store.addRequest({ ...other("edit"), receivedAtMs: 5 }, [
        { providerMessageId: "provider-m", content: { ...content, subject: "New", html: text } as typeof content },
        { providerMessageId: "provider-other", deleted: true },
      ]);
    store.accept(acceptance([{ message: message("m", long), webhooks: [] }]));
    edit("short");
    edit(long.toUpperCase());
    edit("last");
    const kept = store.messageOf("resend", "provider-m");
    expect(kept).toMatchObject({ content: { html: "last" }, title: "New", editedAtMs: 5 });
    expect(kept?.deletedAtMs).toBeUndefined();
    const htmls = kept?.earlier.map((version) => version.content.kind === "email" && version.content.html);
    expect(htmls?.map((html) => html === long || html === long.toUpperCase() || html)).toEqual([true, "short", true]);
    expect(store.message("1")).toMatchObject({ content: { html: "last" }, earlier: [{}, {}, {}] });
    expect(store.messages({}, 1).items[0]).not.toHaveProperty("earlier");
    expect(store.messageOf("postmark", "provider-m")).toBeUndefined();
    store.accept(acceptance([], { receivedAtMs: 9, edits: [{ providerMessageId: "provider-m", deleted: true }] }));
    expect(store.messages({}, 1).items[0]).toMatchObject({ title: "New", editedAtMs: 5, deletedAtMs: 9 });
  });

  test("keeps the newest requests without messages, and of their bodies the beginning", () => {
    const store = create();
    for (let count = 1; count <= 205; count += 1)
      store.addRequest({ ...other(`n${count}`), body: "b".repeat(150_000) }, []);
    const first = store.otherRequests(150);
    expect(first.items[0]).toMatchObject({ id: "205", note: "n205", status: 401 });
    expect(first.items[0]?.body).toHaveLength(100_000);
    const rest = store.otherRequests(150, first.next);
    expect([rest.items.length, rest.items.at(-1)?.note, rest.next]).toEqual([50, "n6", undefined]);
    store.clear();
    expect(store.otherRequests(1).items).toEqual([]);
    store.addRequest(other("after"), []);
    expect(store.otherRequests(1).items[0]?.id).toBe("206");
  });

  test("filters by channel and by part of a recipient in any case", () => {
    const store = create();
    const sms = {
      kind: "sms",
      from: "Shop",
      to: "+1",
      text: "t",
      mediaUrls: [],
      encoding: "GSM-7",
      segments: ["t"],
    } as const;
    store.accept(acceptance([{ message: { ...message("a"), content: sms, recipients: ["Token-A"] }, webhooks: [] }]));
    store.accept(acceptance([{ message: message("b"), webhooks: [] }]));
    const ids = (filter: MessageFilter): string[] => store.messages(filter, 9).items.map(({ id }) => id);
    expect([ids({ channel: "sms" }), ids({ channel: "email" }), ids({ channel: "x" })]).toEqual([["1"], ["2"], []]);
    expect(ids({ recipient: "token-a" })).toEqual(["1"]);
  });

  test("keeps where a webhook goes", () => {
    const store = create();
    const webhooks = [{ ...webhook("w", 1), url: "http://app/x" }];
    store.accept(acceptance([{ message: message("m"), webhooks }]));
    expect(store.webhook("1")?.url).toBe("http://app/x");
  });

  test("hands out waiting webhooks in the order that they are due", () => {
    const store = create();
    store.accept(
      acceptance([
        { message: message("m"), webhooks: [webhook("late", 30), webhook("early", 10), webhook("mid", 20)] },
      ]),
    );
    expect(store.nextDueMs()).toBe(10);
    const due = store.dueWebhooks(20, 10);
    expect(due.map(({ event }) => event.id)).toEqual(["early", "mid"]);
    const attempt = { atMs: 20, durationMs: 1, status: 500 };
    store.recordAttempt([due[0]?.id ?? ""], attempt, "waiting", 40);
    store.recordAttempt([due[1]?.id ?? ""], { ...attempt, status: 200 }, "delivered", 20);
    expect(store.dueWebhooks(Infinity, 10).map(({ event }) => event.id)).toEqual(["late", "early"]);
    expect(store.webhook(due[0]?.id ?? "")).toMatchObject({ attempts: [attempt], state: "waiting", dueAtMs: 40 });
    expect(store.webhooksOf(["1"]).map(({ event }) => event.id)).toEqual(["late", "early", "mid"]);
    expect(store.webhooks({ message: "2" }, 10).items).toEqual([]);
  });

  test("forgets, and ignores what a forgotten webhook is answered", () => {
    const store = create();
    store.accept(acceptance([{ message: message("m"), webhooks: [webhook("w", 1)] }]));
    store.clear();
    store.recordAttempt(["1"], { atMs: 1, durationMs: 1 }, "waiting", 1);
    expect(store.nextDueMs()).toBeUndefined();
    expect(store.witness()).toEqual({ messages: 0, accepted: 0, duplicates: 0, duplicated: [] });
    store.accept(acceptance([{ message: message("m"), webhooks: [webhook("w", 1)] }]));
    expect(store.messages({}, 1).items[0]?.id).toBe("2");
    expect(store.webhooksOf(["2"])).toMatchObject([{ id: "2" }]);
  });

  test("remembers an answer until it expires", () => {
    const store = create();
    const remembered = { fingerprint: "f", answer: { status: 200, body: { id: "1" } }, expiresAtMs: 100 };
    store.accept(acceptance([], { remember: { key: "k", remembered } }));
    expect(store.remembered("k", 99)).toEqual(remembered);
    expect(store.remembered("k", 100)).toBeUndefined();
    expect(store.remembered("other", 1)).toBeUndefined();
  });

  test("takes faults in order and counts them down", () => {
    const store = create();
    store.addFault({ kind: "unavailable", times: 2 });
    store.addFault({ kind: "slow", delayMs: 1 });
    const take = (): string | undefined => store.takeFault(() => true)?.kind;
    expect([take(), take(), take(), take()]).toEqual(["unavailable", "unavailable", "slow", "slow"]);
    expect(store.takeFault(() => false)).toBeUndefined();
    expect(store.deleteFaults("9")).toBe(false);
    expect(store.deleteFaults()).toBe(true);
    expect(store.faults()).toEqual([]);
  });

  test("keeps settings", () => {
    const store = create();
    const settings = { ...store.settings(), delayMs: 7, providers: { resend: { shuffle: true } } };
    store.setSettings(settings);
    store.setSettings(settings);
    expect(store.settings()).toEqual(settings);
  });

  test("counts 50,000 messages in less than a second", () => {
    const store = create();
    for (let batch = 0; batch < 100; batch += 1) {
      store.accept(
        acceptance(
          Array.from({ length: 500 }, (__, index) => ({ message: message(`${batch}-${index}`), webhooks: [] })),
        ),
      );
    }
    const startedAt = performance.now();
    expect(store.witness()).toMatchObject({ messages: 50_000, duplicates: 0 });
    expect([...store.witnessCounts()]).toHaveLength(50_000);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  }, 30_000);
});

test("what SQLite keeps outlives the store", () => {
  const database = nodeDatabase();
  sqlStore(database).accept(acceptance([{ message: message("m"), webhooks: [webhook("w", 5)] }]));
  const reopened = sqlStore(database);
  expect(reopened.message("1")?.messageId).toBe("m");
  expect(reopened.nextDueMs()).toBe(5);
});
