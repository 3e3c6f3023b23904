import { fixtureContext, messageOf } from "@carillon/testing";
import { expect, test } from "vitest";
import type { OutboundRequest } from "../../provider/request.ts";
import { createNotifier } from "../../send/notifier.ts";
import type { MailpitOptions } from "./options.ts";
import { mailpit } from "./provider.ts";

const input = {
  channel: "email",
  from: "hello@example.com",
  to: "ada@example.com",
  subject: "Hi",
  text: "Hi",
} as const;
const baseUrl = "http://localhost:8025";

async function build(options: MailpitOptions): Promise<OutboundRequest> {
  const provider = mailpit(options);
  return (await provider.buildRequest(messageOf(provider, input), fixtureContext)) as OutboundRequest;
}

test("sends no credential to a Mailpit that asks for none", async () => {
  const { headers, secrets } = await build({ baseUrl });
  expect(headers).toEqual({ "content-type": "application/json" });
  expect(secrets).toEqual([]);
});

test("asks for the password anew each time, and sends it as UTF-8", async () => {
  let calls = 0;
  const options = { baseUrl, username: "développeur", password: async () => `p${++calls}` };
  for (const credential of ["ZMOpdmVsb3BwZXVyOnAx", "ZMOpdmVsb3BwZXVyOnAy"]) {
    expect((await build(options)).headers["authorization"]).toBe(`Basic ${credential}`);
  }
});

test.each([`${baseUrl}/`, "http://mail.internal:80/mailpit", "https://mail.example.com/a/b/"])(
  "calls the Mailpit at %s, below its web root",
  async (root) => {
    const called: string[] = [];
    const notifier = createNotifier({
      email: [mailpit({ baseUrl: root })],
      fetch: async (url) => (called.push(url), Response.json({ ID: "1" })),
    });
    expect(await notifier.send(input)).toMatchObject({ ok: true, providerMessageId: "1" });
    expect(called).toEqual([`${root.replace(/\/$/, "")}/api/v1/send`]);
  },
);

test.each([
  ["no URL", {}],
  ["a host instead of a URL", { baseUrl: "localhost:8025" }],
  ["a username alone", { baseUrl, username: "dev" }],
  ["a password alone", { baseUrl, password: "p" }],
  ["a colon in the username", { baseUrl, username: "a:b", password: "p" }],
  ["an option that it does not know", { baseUrl, apiKey: "x" }],
])("is not made with %s", (_what, options) => {
  expect(() => mailpit(options as never)).toThrow(/^mailpit: /);
});
