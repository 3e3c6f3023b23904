import { describe, expect, test } from "vitest";
import type { Guard } from "../../send/guard.ts";
import { createNotifier } from "../../send/notifier.ts";
import serviceAccount from "./fixtures/service-account.json?raw";
import { fcm, subscribeToTopic, unsubscribeFromTopic } from "./index.ts";

const provider = fcm({ serviceAccount });

function setup(answer: Response, guard?: Guard) {
  const sent: { readonly url: string; readonly headers: Headers; readonly body: unknown }[] = [];
  const notifier = createNotifier({
    fcm: [provider],
    guard,
    attempts: 1,
    fetch: async (url, { headers, body }) => {
      if (url.endsWith("/token")) return Response.json({ access_token: "ya29.a", expires_in: 3599 });
      sent.push({ url, headers: new Headers(headers), body: JSON.parse(body as string) as unknown });
      return answer.clone();
    },
  });
  return { notifier, sent };
}

describe("a topic's members", () => {
  test.each([
    ["batchAdd", subscribeToTopic],
    ["batchRemove", unsubscribeFromTopic],
  ])("change by %s, with a result for each token", async (method, change) => {
    const codes = ["", "NOT_FOUND", "INVALID_ARGUMENT", "TOO_MANY_TOPICS", "RESOURCE_EXHAUSTED", "INTERNAL", "NEW"];
    const tokens = codes.map((_, index) => `t:${index}`);
    const { notifier, sent } = setup(Response.json({ results: codes.map((error) => (error ? { error } : {})) }));
    const result = await notifier.call(change(provider, { topic: "news", tokens }));
    expect(sent).toMatchObject([
      { url: `https://iid.googleapis.com/iid/v1:${method}`, body: { to: "/topics/news", registration_tokens: tokens } },
    ]);
    expect(sent[0]?.headers.get("access_token_auth")).toBe("true");
    expect(sent[0]?.headers.get("authorization")).toBe("Bearer ya29.a");
    expect(result).toMatchObject({
      ok: true,
      value: [
        { ok: true },
        { ok: false, kind: "recipient-gone", code: "NOT_FOUND" },
        { ok: false, kind: "recipient-gone", code: "INVALID_ARGUMENT" },
        { ok: false, kind: "rejected", code: "TOO_MANY_TOPICS" },
        { ok: false, kind: "rate-limited", code: "RESOURCE_EXHAUSTED" },
        { ok: false, kind: "unavailable", code: "INTERNAL" },
        { ok: false, kind: "rejected", code: "NEW" },
      ],
    });
  });

  test("count as changed only where the answer says so", async () => {
    const { notifier } = setup(Response.json({ results: [{}, null, 5, { error: 5 }] }));
    const tokens = ["t:1", "t:2", "t:3", "t:4"];
    const unknown = { ok: false, kind: "unavailable", code: "UNKNOWN" };
    expect(await notifier.call(subscribeToTopic(provider, { topic: "news", tokens }))).toMatchObject({
      value: [{ ok: true }, unknown, unknown, unknown],
    });
  });

  test.each([
    ["/topics/news", ["t:1"], "topic"],
    ["", ["t:1"], "topic"],
    ["news", [], "tokens"],
    ["news", Array<string>(1001).fill("t:1"), "tokens"],
    ["news", ["t:1", "t 2"], "tokens.1"],
    ["news", ["t:1", 5 as unknown as string], "tokens.1"],
    ["news", "t:1" as unknown as string[], "tokens"],
  ])("are refused before any request: %s, %#", async (topic, tokens, field) => {
    const { notifier, sent } = setup(Response.json({}));
    const result = await notifier.call(subscribeToTopic(provider, { topic, tokens }));
    expect(result).toMatchObject({ ok: false, kind: "invalid-message", field });
    expect(sent).toEqual([]);
  });

  test.each([
    [400, { error: "InvalidTopicName" }, "invalid-message", "InvalidTopicName"],
    [401, { error: { code: 401, status: "UNAUTHENTICATED", message: "m" } }, "unauthorized", "UNAUTHENTICATED"],
    [200, { results: [] }, "unexpected-response", undefined],
    [200, [], "unexpected-response", undefined],
    [503, {}, "unavailable", undefined],
  ])("stay when the answer is %i %j", async (status, answer, kind, code) => {
    const { notifier } = setup(Response.json(answer, { status }));
    const result = await notifier.call(subscribeToTopic(provider, { topic: "news", tokens: ["t:1"] }));
    expect(result).toMatchObject({ ok: false, kind });
    expect(result.attempts[0]?.providerCode).toBe(code);
  });

  test("are shown to the guard, and none is changed that it does not let pass", async () => {
    const keys: string[] = [];
    const { notifier, sent } = setup(Response.json({ results: [{}] }), ({ addresses }) => {
      keys.push(...addresses.map(({ key }) => key));
      return { pass: false, reason: "not now" };
    });
    const result = await notifier.call(subscribeToTopic(provider, { topic: "news", tokens: ["t:1", "t:2"] }));
    expect(result).toMatchObject({ outcome: "captured" });
    expect(keys).toEqual([expect.stringMatching(/^token:[0-9a-f]{64}$/), expect.stringMatching(/^token:/)]);
    expect(sent).toEqual([]);
  });
});
