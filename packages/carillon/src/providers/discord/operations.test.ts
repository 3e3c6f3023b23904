import { fixtureContext } from "@carillon/testing";
import { describe, expect, test } from "vitest";
import type { OperationParts } from "../../provider/operation.ts";
import type { OutboundRequest, ProviderResponse } from "../../provider/request.ts";
import { deleteDiscordMessage, discord, type DiscordEdit, editDiscordMessage } from "./index.ts";

const webhookUrl = "https://canary.discord.com/api/webhooks/223704706495545344/s3cr3t-to_ken";
const messageId = "1234567890123456789";
const base = `https://discord.com/api/v10/webhooks/223704706495545344/s3cr3t-to_ken/messages/${messageId}`;
const provider = discord();

/** What the core asks of an operation. */
function partsOf<T>(operation: unknown): OperationParts<T> {
  const { buildRequest, readResponse } = operation as {
    buildRequest(message: undefined, context: unknown): ReturnType<OperationParts<T>["buildRequest"]>;
    readResponse: OperationParts<T>["readResponse"];
  };
  return { addresses: () => [], buildRequest: (context) => buildRequest(undefined, context), readResponse };
}

async function edit(more: Partial<DiscordEdit>): Promise<OutboundRequest> {
  const operation = editDiscordMessage(provider, { to: { webhookUrl }, messageId, ...more });
  return (await partsOf(operation).buildRequest(fixtureContext)) as OutboundRequest;
}

function answer(status: number, json: unknown): ProviderResponse {
  return { status, headers: new Headers(), text: "", json, truncated: false };
}

describe("an edit", () => {
  test("says the whole of the message, and leaves its files", async () => {
    const { body, ...request } = await edit({ text: "Deployed" });
    expect(request).toEqual({
      method: "PATCH",
      url: `${base}?with_components=true`,
      headers: {
        "content-type": "application/json",
        "user-agent": expect.stringMatching(/^DiscordBot \(https:\/\/\S+, \d+\)$/),
      },
      secrets: ["s3cr3t-to_ken"],
    });
    expect(JSON.parse(body as string)).toEqual({
      content: "Deployed",
      embeds: [],
      components: [],
      allowed_mentions: { parse: [] },
    });
  });

  test("takes the text away, in a thread", async () => {
    const request = await edit({ to: { webhookUrl, threadId: "412345678901234567" }, embeds: [{ title: "x" }] });
    expect(request.url).toBe(`${base}?thread_id=412345678901234567&with_components=true`);
    expect(JSON.parse(request.body as string)).toMatchObject({ content: null, embeds: [{ title: "x" }] });
  });

  test("lists the files that stay and those that come", async () => {
    const keepAttachments = ["512345678901234567"];
    const { body } = await edit({ text: "x", keepAttachments, files: [{ filename: "a.txt", content: "YWJj" }] });
    const form = body as FormData;
    expect(JSON.parse(form.get("payload_json") as string).attachments).toEqual([
      { id: "512345678901234567" },
      { id: 0, filename: "a.txt" },
    ]);
    expect(await (form.get("files[0]") as File).text()).toBe("abc");
    const emptied = await edit({ text: "x", keepAttachments: [] });
    expect(JSON.parse(emptied.body as string).attachments).toEqual([]);
  });

  test("makes components the message", async () => {
    const { body } = await edit({ components: [{ type: 10, content: "x" }] });
    expect(JSON.parse(body as string)).toMatchObject({ content: null, flags: 32768 });
  });

  test.each<[string, Partial<DiscordEdit>]>([
    ["messageId", { text: "x", messageId: "1/../2" }],
    ["to.webhookUrl", { text: "x", to: { webhookUrl: "https://evil.example" } }],
    ["text", { text: "x".repeat(2001) }],
    ["text", {}],
    ["username", { text: "x", username: "Ada" } as Partial<DiscordEdit>],
    ["keepAttachments", { text: "x", keepAttachments: ["all"] }],
    ["keepAttachments", { text: "x", keepAttachments: "all" as never }],
  ])("is refused on %s", async (field, more) => {
    expect(await edit(more)).toMatchObject({ ok: false, kind: "invalid-message", field });
  });

  test("reads its answer as the message", () => {
    const { readResponse } = partsOf(editDiscordMessage(provider, { to: { webhookUrl }, messageId, text: "x" }));
    expect(readResponse(answer(200, { id: messageId }))).toEqual({ ok: true, value: { providerMessageId: messageId } });
    expect(readResponse(answer(200, {}))).toMatchObject({ ok: false, kind: "unexpected-response" });
    const gone = answer(404, { code: 10008, message: "Unknown Message" });
    expect(readResponse(gone)).toMatchObject({ ok: false, kind: "invalid-message", field: "messageId" });
    expect(readResponse(answer(429, { retry_after: 0.3 }))).toMatchObject({ kind: "rate-limited", retryAfterMs: 300 });
  });
});

describe("a deletion", () => {
  test("names the message and says nothing", async () => {
    const operation = deleteDiscordMessage(provider, { to: { webhookUrl }, messageId });
    expect(await partsOf(operation).buildRequest(fixtureContext)).toEqual({
      method: "DELETE",
      url: base,
      headers: { "user-agent": expect.any(String) },
      body: undefined,
      secrets: ["s3cr3t-to_ken"],
    });
  });

  test.each([
    ["messageId", { to: { webhookUrl }, messageId: "latest" }],
    ["to.webhookUrl", { to: { webhookUrl: "https://evil.example" }, messageId }],
    ["to", { to: undefined as never, messageId }],
  ])("is refused on %s", async (field, deletion) => {
    const { buildRequest } = partsOf(deleteDiscordMessage(provider, deletion));
    expect(await buildRequest(fixtureContext)).toMatchObject({ ok: false, kind: "invalid-message", field });
  });

  test("does no harm when it is repeated", () => {
    const { readResponse } = partsOf(deleteDiscordMessage(provider, { to: { webhookUrl }, messageId }));
    expect(readResponse(answer(204, undefined))).toEqual({ ok: true, value: { wasThere: true } });
    const again = answer(404, { code: 10008, message: "Unknown Message" });
    expect(readResponse(again)).toEqual({ ok: true, value: { wasThere: false } });
    expect(readResponse(answer(404, { code: 10015 }))).toMatchObject({ ok: false, kind: "recipient-gone" });
    expect(readResponse(answer(200, {}))).toMatchObject({ ok: false, kind: "unexpected-response" });
  });
});

test("both reach the webhook whose message it is", async () => {
  const address = { key: "223704706495545344", label: "webhook 223704706495545344" };
  for (const operation of [
    editDiscordMessage(provider, { to: { webhookUrl }, messageId, text: "x" }),
    deleteDiscordMessage(provider, { to: { webhookUrl }, messageId }),
  ]) {
    expect(await operation.channel.addresses(undefined as never)).toMatchObject([address]);
    expect(JSON.stringify(operation)).not.toContain("s3cr3t");
  }
});
