import { describe, expect, test } from "vitest";
import { allowlist } from "../../send/guard.ts";
import { createNotifier } from "../../send/notifier.ts";
import { deleteSlackMessage, slack, updateSlackMessage } from "./index.ts";

const providerMessageId = "C012AB3CD:1503435956.000247";

/** A notifier whose fetch gives one answer, and keeps what it was asked. */
function answering(answer: object, options: object = {}) {
  const asked: { url: string; body: unknown; authorization: string | null }[] = [];
  const provider = slack({ token: "xoxb-1" });
  const notifier = createNotifier({
    slack: [provider],
    attempts: 1,
    fetch: (url, init) => {
      const authorization = new Headers(init.headers).get("authorization");
      asked.push({ url, body: JSON.parse(init.body as string), authorization });
      return Promise.resolve(Response.json(answer));
    },
    ...options,
  });
  return { provider, notifier, asked };
}

const moved = { ok: true, channel: "C012AB3CD", ts: "1503435956.000247" };

describe("updateSlackMessage", () => {
  test("puts the whole content in place of the old", async () => {
    const { provider, notifier, asked } = answering(moved);
    const result = await notifier.call(updateSlackMessage(provider, { providerMessageId, text: "Done" }));
    expect(result).toMatchObject({ ok: true, value: { providerMessageId } });
    expect(asked).toEqual([
      {
        url: "https://slack.com/api/chat.update",
        body: { channel: "C012AB3CD", ts: "1503435956.000247", text: "Done", blocks: [] },
        authorization: "Bearer xoxb-1",
      },
    ]);
  });

  test.each([
    ["providerMessageId", { providerMessageId: "1503435956.000247", text: "x" }],
    ["text", { providerMessageId }],
    ["text", { providerMessageId, text: "x".repeat(40_001) }],
    ["blocks.0.text.text", { providerMessageId, blocks: [{ type: "header", text: { type: "plain_text", text: "" } }] }],
  ])("refuses before sending: %s", async (field, update) => {
    const { provider, notifier, asked } = answering(moved);
    expect(await notifier.call(updateSlackMessage(provider, update))).toMatchObject({ kind: "invalid-message", field });
    expect(asked).toEqual([]);
  });

  test("tells what Slack does not allow", async () => {
    const { provider, notifier } = answering({ ok: false, error: "edit_window_closed" });
    const result = await notifier.call(updateSlackMessage(provider, { providerMessageId, text: "Done" }));
    expect(result).toMatchObject({ ok: false, kind: "rejected", providerCode: "edit_window_closed" });
  });

  test("passes the guard, which knows it by its conversation", async () => {
    const guarded = answering(moved, { guard: allowlist({ slack: ["C999"] }) });
    await guarded.notifier.call(updateSlackMessage(guarded.provider, { providerMessageId, text: "Done" }));
    expect(guarded.asked).toEqual([]);
    const allowed = answering(moved, { guard: allowlist({ slack: ["C012AB3CD"] }) });
    await allowed.notifier.call(updateSlackMessage(allowed.provider, { providerMessageId, text: "Done" }));
    expect(allowed.asked).toHaveLength(1);
  });

  test("needs a token", async () => {
    const { notifier } = answering(moved);
    expect(await notifier.call(updateSlackMessage(slack(), { providerMessageId, text: "x" }))).toMatchObject({
      kind: "unauthorized",
    });
  });
});

describe("deleteSlackMessage", () => {
  test("deletes", async () => {
    const { provider, notifier, asked } = answering(moved);
    expect(await notifier.call(deleteSlackMessage(provider, { providerMessageId }))).toMatchObject({
      ok: true,
      value: { existed: true },
    });
    expect(asked).toMatchObject([{ url: "https://slack.com/api/chat.delete", body: { ts: "1503435956.000247" } }]);
  });

  test("is done where there is no such message any more", async () => {
    const { provider, notifier } = answering({ ok: false, error: "message_not_found" });
    expect(await notifier.call(deleteSlackMessage(provider, { providerMessageId }))).toMatchObject({
      ok: true,
      value: { existed: false },
    });
  });

  test("tells what Slack does not allow", async () => {
    const { provider, notifier } = answering({ ok: false, error: "cant_delete_message" });
    expect(await notifier.call(deleteSlackMessage(provider, { providerMessageId }))).toMatchObject({
      ok: false,
      providerCode: "cant_delete_message",
    });
  });
});
