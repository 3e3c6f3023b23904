import { describe, expect, test } from "vitest";
import { simulatorCredentials } from "../credentials.ts";
import { createSimulator } from "../simulator.ts";
import { post } from "../test/calls.ts";
import { toBase64, utf8 } from "../wire/bytes.ts";

const { baseUrl, username, password } = simulatorCredentials.mailpit;
const url = `${baseUrl}/api/v1/send`;
const headers = {
  "content-type": "application/json",
  authorization: `Basic ${toBase64(utf8(`${username}:${password}`))}`,
};
const mail = { From: { Email: "ada@example.com" }, To: [{ Email: "bob@example.com" }], Subject: "Hi", Text: "x" };
const file = { Content: "QQ==", Filename: "a.txt" };

describe("what Mailpit refuses", () => {
  test.each([
    ["broken JSON", "{", "invalid character"],
    ["no sender", { ...mail, From: undefined }, "From"],
    ["an unknown field", { ...mail, from: "ada@example.com" }, "from"],
    ["a wrong recipient", { ...mail, To: [{ Email: "bob" }] }, "invalid To address: bob"],
    ["a blind copy with a name", { ...mail, Bcc: [{ Email: "cy@example.com" }] }, "Bcc.0"],
    ["a wrong blind copy", { ...mail, Bcc: ["Cy <cy@example.com>"] }, "invalid Bcc address"],
    ["a header of its own", { ...mail, Headers: { "reply-to": "x" } }, 'cannot overwrite header: "reply-to"'],
    ["X-Tags beside tags", { ...mail, Tags: ["a"], Headers: { "X-Tags": "b" } }, 'cannot overwrite header: "X-Tags"'],
    ["a file that is no base64", { ...mail, Attachments: [{ ...file, Content: "?" }] }, 'attachment "a.txt"'],
  ])("refuses %s", async (_, body, message) => {
    const simulator = createSimulator();
    const answer = await post(simulator, url, headers, body);
    expect(answer.status).toBe(400);
    expect(answer.json.Error).toContain(message);
    expect(simulator.store.messages({}, 10).items).toEqual([]);
  });

  test("refuses another password, and what is no path of its API", async () => {
    const simulator = createSimulator();
    const body = JSON.stringify(mail);
    const call = (to: string, authorization: string): Promise<Response> =>
      simulator.fetch(to, { method: "POST", headers: { ...headers, authorization }, body });
    const wrong = await call(url, "Basic x");
    expect([wrong.status, await wrong.text()]).toEqual([401, "Unauthorized.\n"]);
    expect((await call(`${baseUrl}/api/v1/messages`, headers.authorization)).status).toBe(404);
    expect(simulator.store.messages({}, 10).items).toEqual([]);
  });
});

test("takes a message, keeps it, and tells nothing of it", async () => {
  const simulator = createSimulator({
    webhookTarget: "http://app",
    deliver: () => Promise.reject(new Error("nobody should be called")),
  });
  const answer = await post(simulator, url, headers, {
    ...mail,
    From: { Email: "ada@example.com", Name: "Ada" },
    Bcc: ["cy@example.com"],
    HTML: "<p>x</p>",
    Headers: { "X-Carillon-Message-Id": "msg_1" },
    Tags: ["receipt"],
    Attachments: [{ ...file, ContentType: "text/plain", ContentID: "a" }],
  });
  expect(answer.status).toBe(200);
  expect(await simulator.settle()).toBe(0);
  const [stored] = simulator.store.messages({}, 10).items;
  expect(stored).toMatchObject({ messageId: "msg_1", providerMessageId: answer.json.ID, tags: ["receipt"] });
  expect(simulator.store.message(stored!.id)?.content).toMatchObject({
    from: { email: "ada@example.com", name: "Ada" },
    bcc: [{ email: "cy@example.com" }],
    html: "<p>x</p>",
    attachments: [{ filename: "a.txt", contentType: "text/plain", contentId: "a", base64: "QQ==" }],
  });
});
