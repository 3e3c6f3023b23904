/// <reference types="node" />
import { describe, expect, test } from "vitest";
import type { AcceptedMessage } from "../message.ts";
import { memoryStore } from "./memory.ts";
import { sqlStore, type SqlDatabase } from "./sql.ts";
import type { Acceptance, NewWebhook, Store } from "./store.ts";

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
