import { describe, expect, test } from "vitest";
import { createSimulator, type Simulator } from "../simulator.ts";
import { credentials, post, send } from "../test/calls.ts";

const hostile = `"><script>alert(1)</script>`;

async function show(
  simulator: Simulator,
  path: string,
): Promise<{ readonly text: string; readonly policy: string; readonly status: number }> {
  const response = await simulator.fetch(`http://localhost${path}`);
  return {
    text: await response.text(),
    policy: response.headers.get("content-security-policy") ?? "",
    status: response.status,
  };
}

/** An attribute's value as the browser reads it. */
function attribute(page: string, name: string): string {
  const value = new RegExp(`${name}="([^"]*)"`).exec(page)?.[1] ?? "";
  return value
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&");
}

async function hostileMessage(): Promise<Simulator> {
  const simulator = createSimulator();
  const answer = await post(simulator, "https://api.resend.com/emails", credentials.resend, {
    from: "Ada <a@example.com>",
    to: "delivered@simulator.test",
    subject: hostile,
    html: `<p title='x'>Hello</p><img src="cid:logo"><img src="cid:other">${hostile}`,
    text: hostile,
    headers: { "X-Hostile": hostile },
    attachments: [
      { filename: hostile, content: "aGVsbG8=", content_type: "image/png", content_id: "logo" },
      { filename: "other", content: "aGVsbG8=", content_type: "text/html", content_id: "other" },
    ],
  });
  expect(answer.status).toBe(200);
  return simulator;
}

describe("the inbox", () => {
  test("lists messages newest first, with what became of them", async () => {
    const simulator = createSimulator();
    await send.resend(simulator, "delivered@simulator.test");
    await send.postmark(simulator, "bounced@simulator.test");
    const { text } = await show(simulator, "/");
    expect(text.indexOf("bounced@simulator.test")).toBeLessThan(text.indexOf("delivered@simulator.test"));
    expect(text).toContain('href="/messages/2"');
    expect((await show(simulator, "/?provider=postmark")).text).not.toContain("delivered@simulator.test");
  });

  test("is filtered by channel, and by several things at once", async () => {
    const simulator = createSimulator();
    await send.resend(simulator, "a@simulator.test");
    await send.postmark(simulator, "b@simulator.test");
    expect((await show(simulator, "/?channel=sms")).text).toContain("No message matches.");
    const { text } = await show(simulator, "/?channel=email&provider=resend&recipient=");
    expect(text).toContain("a@simulator.test");
    expect(text).not.toContain("b@simulator.test");
    expect(text).toMatch(/<option value="email" selected/);
  });

  test("escapes what messages say, and its policy lets no inline script run", async () => {
    const { text, policy } = await show(await hostileMessage(), "/");
    expect(text).not.toContain("<script>");
    expect(text).toContain("&lt;script&gt;");
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain("unsafe-inline");
  });

  test("says how to begin when it is empty", async () => {
    expect((await show(createSimulator(), "/")).text).toContain("delivered@simulator.test");
  });
});

describe("a message's page", () => {
  test("shows its HTML in a frame without any permission, under a policy of its own", async () => {
    const { text, policy } = await show(await hostileMessage(), "/messages/1");
    expect(text.match(/<iframe[^>]* sandbox=""/g)).toHaveLength(1);
    const framed = attribute(text, "srcdoc");
    expect(framed).toContain(hostile);
    expect(framed.indexOf("Content-Security-Policy")).toBeLessThan(framed.indexOf("<p"));
    expect(framed).toContain(`content="default-src 'none'; img-src data:; style-src 'unsafe-inline'"`);
    expect(policy).toContain("script-src 'self'");
    expect(text.replace(/srcdoc="[^"]*"/, "")).not.toContain("<script>");
  });

  test("shows inline images from the attachments, images only", async () => {
    const { text } = await show(await hostileMessage(), "/messages/1");
    const framed = attribute(text, "srcdoc");
    expect(framed).toContain('src="data:image/png;base64,aGVsbG8="');
    expect(framed).toContain('src="cid:other"');
  });

  test("shows text, headers, attachments, the raw request without secrets, and webhooks", async () => {
    const { text } = await show(await hostileMessage(), "/messages/1");
    for (const part of [
      "Plain text",
      "X-Hostile",
      "image/png, 5 bytes",
      "POST https://api.resend.com/emails",
      "email.delivered",
    ]) {
      expect(text).toContain(part);
    }
    expect(text).not.toContain("re_simulator");
  });

  test("is 404 when there is none", async () => {
    expect((await show(createSimulator(), "/messages/1")).status).toBe(404);
  });
});
