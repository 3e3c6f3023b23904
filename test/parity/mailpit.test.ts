import { simulatorCredentials } from "@carillon/simulator";
import { createNotifier, type Input } from "carillon";
import { mailpit } from "carillon/providers/mailpit";
import { expect, test } from "vitest";
import { createRig } from "./harness.ts";

// Mailpit has no SDK to compare with: the simulator, made of Mailpit's source, says what it would have understood.

const { mailpit: credentials } = simulatorCredentials;
const gif = "R0lGODlh";
const simple = {
  channel: "email",
  from: "hi@example.com",
  to: "ada@example.com",
  subject: "Hi",
  text: "Hello",
} as const;
const everything: Input<"email"> = {
  channel: "email",
  from: { email: "hi@example.com", name: 'The "App", Ltd' },
  to: [{ email: "ada@example.com", name: "Ada" }, "bob@example.com"],
  cc: "cy@example.com",
  bcc: { email: "dee@example.com", name: "Dee" },
  replyTo: ["re@example.com", { email: "re2@example.com", name: "Re" }],
  subject: "Grüße 🎉",
  text: "Hi",
  html: '<p>Hi <img src="cid:logo"></p>',
  headers: { "X-Order": "42" },
  tags: ["receipts", "orders"],
  metadata: { order: "42", note: "two\nlines" },
  attachments: [
    { filename: "a.txt", content: "QQ==", contentType: "text/plain" },
    { filename: "logo.gif", content: gif, contentType: "image/gif", contentId: "logo" },
  ],
};

test("what Carillon sends, Mailpit understands", async () => {
  const { simulator, fetch } = createRig();
  const result = await createNotifier({ email: [mailpit(credentials)], fetch }).send(everything, {
    messageId: "msg_1",
  });
  const [stored] = simulator.store.messages({}, 1).items;
  expect(result).toMatchObject({ ok: true, providerMessageId: stored?.providerMessageId });
  expect(stored).toMatchObject({ messageId: "msg_1", tags: everything.tags });
  expect(simulator.store.message(stored!.id)?.content).toEqual({
    kind: "email",
    from: everything.from,
    to: [{ email: "ada@example.com", name: "Ada" }, { email: "bob@example.com" }],
    cc: [{ email: "cy@example.com" }],
    bcc: [{ email: "dee@example.com" }],
    replyTo: [{ email: "re@example.com" }, { email: "re2@example.com", name: "Re" }],
    subject: everything.subject,
    text: everything.text,
    html: everything.html,
    headers: [
      ["X-Order", "42"],
      ["X-Carillon-Message-Id", "msg_1"],
      ["X-Carillon-Metadata", JSON.stringify(everything.metadata)],
    ],
    attachments: [
      { filename: "a.txt", contentType: "text/plain", base64: "QQ==" },
      { filename: "logo.gif", contentType: "image/gif", contentId: "logo", base64: gif },
    ],
  });
});

test.each([
  ["another password", { password: "wrong" }, 401, "unauthorized"],
  ["no credential", { username: undefined, password: undefined }, 401, "unauthorized"],
  ["another web root", { baseUrl: `${credentials.baseUrl}/elsewhere` }, 404, "rejected"],
])("with %s it refuses", async (_, options, status, kind) => {
  const { fetch, simulator } = createRig();
  const result = await createNotifier({ email: [mailpit({ ...credentials, ...options })], fetch }).send(simple);
  expect(result).toMatchObject({ ok: false, kind, status, mayHaveBeenSent: false });
  expect(simulator.store.messages({}, 1).items).toEqual([]);
});
