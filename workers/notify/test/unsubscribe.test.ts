import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { beforeEach, describe, expect, it } from "vitest";
import { app } from "../src/app.ts";
import { readSettings } from "../src/settings.ts";
import { signToken } from "../src/unsubscribe/token.ts";
import { accept, call, email, env, message, untilStatus } from "./service.ts";
import type { MessageBody } from "./service.ts";
import { simulator } from "./worker.ts";

let people = 0;
let to = "";

beforeEach(() => void (to = `delivered+leaves${(people += 1)}@simulator.test`));

/** Sent and delivered. */
async function sent(category: string | undefined, more: object = {}, content: object = {}): Promise<MessageBody> {
  const { messages } = await accept(email(to, { category, ...more }, { ...content }));
  return untilStatus(messages[0]!.id, "delivered");
}

async function statusOf(category: string | undefined): Promise<string> {
  const { messages } = await accept(email(to, { category }));
  let status = "";
  await expect
    .poll(async () => (status = (await message(messages[0]!.id)).status), { timeout: 5_000 })
    .toMatch(/^(sent|delivered|suppressed)$/);
  return status === "suppressed" ? status : "sent";
}

/** What the provider got. */
function headersOf(id: string): Readonly<Record<string, string>> {
  const [summary] = simulator.store.messages({ messageId: id }, 1).items;
  const content = simulator.store.message(summary?.id ?? "")?.content;
  if (content?.kind !== "email") throw new Error(`${id} is no email`);
  return Object.fromEntries(content.headers.map(([name, value]) => [name.toLowerCase(), value]));
}

function linkOf(id: string): string {
  const [, url = ""] = /^<(.+)>$/.exec(headersOf(id)["list-unsubscribe"] ?? "") ?? [];
  return new URL(url).pathname;
}

const oneClick = "List-Unsubscribe=One-Click";
const urlencoded = { "content-type": "application/x-www-form-urlencoded" };

function post(path: string, form: string, headers: Readonly<Record<string, string>> = urlencoded): Promise<Response> {
  return call("POST", path, { key: "", body: form, headers });
}

describe("an email that may be left", () => {
  it.each(["resend", "postmark", "sendgrid"])("brings RFC 8058's headers through %s", async (provider) => {
    const { id } = await sent("newsletter", { providers: [provider] });
    expect(headersOf(id)).toMatchObject({
      "list-unsubscribe": expect.stringMatching(
        /^<http:\/\/127\.0\.0\.1:8787\/v1\/unsubscribe\/local\.[\w-]+>$/,
      ) as string,
      "list-unsubscribe-post": "List-Unsubscribe=One-Click",
    });
    expect(headersOf(id)["list-unsubscribe"]).not.toContain("leaves");
  });

  it.each(["resend", "postmark", "sendgrid"])("has a link of its own in a batch of %s, too", async (provider) => {
    const all = ["x", "y", "z"].map((name) => to.replace("@", `${name}@`));
    const { messages } = await accept(email(all, { category: "newsletter", providers: [provider] }));
    for (const { id } of messages) await untilStatus(id, "delivered");
    const links = messages.map(({ id }) => linkOf(id));
    expect(new Set(links).size).toBe(3);
    await post(links[1]!, oneClick);
    const again = await accept(email(all, { category: "newsletter" }));
    await untilStatus(again.messages[1]!.id, "suppressed");
    await untilStatus(again.messages[0]!.id, "delivered");
  });

  it("leaves a receipt without them, and the sender's own link as it is", async () => {
    expect(headersOf((await sent(undefined)).id)["list-unsubscribe"]).toBeUndefined();
    const own = { unsubscribe: { url: "https://shop.example/leave" } };
    expect(headersOf((await sent("newsletter", {}, own)).id)["list-unsubscribe"]).toBe("<https://shop.example/leave>");
    const headers = { "List-Unsubscribe": "<mailto:leave@shop.example>" };
    const { id } = await sent("newsletter", {}, { headers });
    expect(headersOf(id)["list-unsubscribe"]).toBe("<mailto:leave@shop.example>");
  });

  it.each<[string, object]>([
    [
      "an envelope of several",
      email(["a@simulator.test", "b@simulator.test"], { category: "marketing", envelope: true }),
    ],
    ["a copy", email("a@simulator.test", { category: "marketing" }, { cc: "b@simulator.test" })],
    ["a category that nobody knows", email("a@simulator.test", { category: "newsleter" })],
  ])("is refused for %s", async (_, body) => {
    const response = await call("POST", "/v1/notifications", { body });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ errors: [{ field: "category" }] });
  });

  it("is refused where nobody could leave: without keys, or without the public URL", async () => {
    for (const missing of ["UNSUBSCRIBE_KEYS", "PUBLIC_URL"]) {
      const headers = { authorization: `Bearer ${env.ADMIN_API_KEY}`, "content-type": "application/json" };
      const ask = async (body: object): Promise<number> => {
        const request = { method: "POST", headers, body: JSON.stringify(body) };
        return (await app.request("/v1/notifications", request, { ...env, [missing]: undefined })).status;
      };
      expect(await ask(email(to, { category: "marketing" }))).toBe(422);
      expect(await ask(email(to))).toBe(202);
      const own = { unsubscribe: { url: "https://shop.example/leave" } };
      expect(await ask(email(to, { category: "marketing" }, own))).toBe(202);
      // The address may be there for the receipts of push messages.
      const { PUSH_RECEIPT_KEYS: _, ...others } = env;
      expect(readSettings({ ...others, [missing]: undefined }).problems).toHaveLength(1);
    }
  });
});

describe("one click", () => {
  const boundary = "----WebKitFormBoundary7MA4YWxkTrZu0gW";
  const multipart = `--${boundary}\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--${boundary}--\r\n`;

  it.each([
    ["application/x-www-form-urlencoded", oneClick],
    [`multipart/form-data; boundary=${boundary}`, multipart],
  ])("as %s is obeyed by the next message of its kind, and not by the next receipt", async (type, body) => {
    const { id } = await sent("newsletter");
    const response = await post(linkOf(id), body, { "content-type": type });
    expect([response.status, response.redirected, await response.text()]).toEqual([200, false, ""]);
    expect(await statusOf("newsletter")).toBe("suppressed");
    expect(await statusOf(undefined)).toBe("sent");
    expect(await statusOf("transactional")).toBe("sent");
    expect(await statusOf("marketing")).toBe("sent");
  });

  it.each(["List-Unsubscribe=One-Click\r\n", "List-Unsubscribe=one-click"])(
    "is taken from mail programs that spell it as they like: %j",
    async (body) => {
      const path = linkOf((await sent("newsletter")).id);
      const untyped = new Request(`https://carillon.test${path}`, {
        method: "POST",
        body: new TextEncoder().encode(body),
      });
      const context = createExecutionContext();
      expect((await app.fetch(untyped, env, context)).status).toBe(200);
      await waitOnExecutionContext(context);
      expect(await statusOf("newsletter")).toBe("suppressed");
    },
  );

  it("says why in the trace of what it kept back, and in that of the message that it came of", async () => {
    const { id } = await sent("newsletter");
    await post(linkOf(id), oneClick);
    const { messages } = await accept(email(to, { category: "newsletter" }));
    const { timeline } = await untilStatus(messages[0]!.id, "suppressed");
    const why = { rule: "suppression", reason: "one-click", scope: "marketing", category: "newsletter" };
    expect(timeline.at(-1)).toMatchObject(why);
    const source = (await message(id)).timeline.at(-1);
    expect(source).toMatchObject({
      kind: "event",
      provider: "carillon",
      type: "unsubscribed",
      providerType: "one-click",
    });
    expect((await message(id)).status).toBe("delivered");
  });

  it("twice is as once", async () => {
    const { id } = await sent("newsletter");
    for (let click = 0; click < 3; click++) expect((await post(linkOf(id), oneClick)).status).toBe(200);
    const query = "SELECT category, reason, source_message FROM opt_out WHERE address_key = ?";
    const { results } = await env.DB.prepare(query).bind(to).all();
    expect(results).toEqual([{ category: "newsletter", reason: "one-click", source_message: id }]);
    const events = (await message(id)).timeline.filter(({ provider }) => provider === "carillon");
    expect(events).toHaveLength(1);
  });

  it("works with an older key, of a message that nobody knows any more", async () => {
    const key = { id: "old", secret: "a-key-of-years-ago-which-was-kept" };
    const subject = { channel: "email", addressKey: to, category: "newsletter", message: `msg_00${"0".repeat(32)}` };
    const link = `/v1/unsubscribe/${await signToken(key, subject)}`;
    const request = { method: "POST", body: oneClick, headers: urlencoded };
    expect((await app.request(link, request, env)).status).toBe(404);
    const kept = { ...env, UNSUBSCRIBE_KEYS: `${env.UNSUBSCRIBE_KEYS},${key.id}:${key.secret}` };
    const context = createExecutionContext();
    expect((await app.request(link, request, kept, context)).status).toBe(200);
    await waitOnExecutionContext(context);
    expect(await statusOf("newsletter")).toBe("suppressed");
  });

  it.each([
    ["nothing", "", urlencoded, 400],
    ["another value", "List-Unsubscribe=Please", urlencoded, 400],
    ["JSON", '{"List-Unsubscribe":"One-Click"}', { "content-type": "application/json" }, 415],
    ["a form that is cut off", "--x\r\nContent", { "content-type": "multipart/form-data; boundary=x" }, 415],
    ["a form without end", `a=${"x".repeat(20_000)}`, urlencoded, 413],
  ])("is not taken from %s", async (_, body, headers, status) => {
    const { id } = await sent("newsletter");
    expect((await post(linkOf(id), body, headers)).status).toBe(status);
    expect(await statusOf("newsletter")).toBe("sent");
  });

  it("is not taken with a link that nobody has signed", async () => {
    const path = linkOf((await sent("newsletter")).id);
    for (const forged of [`${path.slice(0, -2)}AA`, path.replace("local.", "other."), "/v1/unsubscribe/x"]) {
      expect((await post(forged, oneClick)).status).toBe(404);
      expect((await call("GET", forged, { key: "" })).status).toBe(404);
    }
    expect(await statusOf("newsletter")).toBe("sent");
  });
});

describe("the page", () => {
  async function page(path: string, form?: string): Promise<{ text: string; response: Response }> {
    const response = form === undefined ? await call("GET", path, { key: "" }) : await post(path, form);
    return { text: await response.text(), response };
  }

  /** Which boxes are ticked. */
  const ticked = (text: string): string[] =>
    Array.from(text.matchAll(/<input type="checkbox" name="wanted" value="([^"]+)" checked>/g), ([, name]) => name!);

  it("asks, and changes nothing when it is opened", async () => {
    const path = linkOf((await sent("newsletter")).id);
    const { text, response } = await page(path);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(text).toContain("d***@simulator.test");
    expect(text).not.toContain(to);
    expect(ticked(text)).toEqual(["marketing", "newsletter"]);
    expect(text).not.toContain("<script");
    expect((await call("HEAD", path, { key: "" })).status).toBe(200);
    expect(await statusOf("newsletter")).toBe("sent");
  });

  it("lets nothing in, is kept nowhere and tells nobody its address", async () => {
    const { response } = await page(linkOf((await sent("newsletter")).id));
    expect(response.headers.get("content-security-policy")).toMatch(
      /^default-src 'none'; style-src 'nonce-[\w+/=]+'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/,
    );
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("referrer-policy")).toBe("no-referrer");
    expect(response.headers.get("x-robots-tag")).toBe("noindex");
  });

  it("leaves one category, all of them, and comes back", async () => {
    const path = linkOf((await sent("newsletter")).id);
    const left = await page(path, "choice=leave");
    expect(left.text).toContain('role="status"');
    expect(ticked(left.text)).toEqual(["marketing"]);
    expect(await statusOf("newsletter")).toBe("suppressed");

    expect(ticked((await page(path, "choice=none")).text)).toEqual([]);
    expect(await statusOf("marketing")).toBe("suppressed");
    expect(await statusOf(undefined)).toBe("sent");

    const shown = "shown=marketing&shown=newsletter";
    expect(ticked((await page(path, `choice=save&${shown}&wanted=newsletter`)).text)).toEqual(["newsletter"]);
    expect(await statusOf("newsletter")).toBe("sent");
    expect(await statusOf("marketing")).toBe("suppressed");

    expect(ticked((await page(path, `choice=save&${shown}`)).text)).toEqual([]);
    expect(ticked((await page(path, `choice=save&${shown}&wanted=marketing&wanted=newsletter`)).text)).toHaveLength(2);
    expect(await statusOf("marketing")).toBe("sent");
  });

  it("changes no category that is required, or unknown", async () => {
    const path = linkOf((await sent("newsletter")).id);
    const form = "choice=save&shown=transactional&shown=nonsense&shown=newsletter&wanted=nonsense";
    expect((await page(path, form)).response.status).toBe(200);
    const { results } = await env.DB.prepare("SELECT category FROM opt_out WHERE address_key = ?").bind(to).all();
    expect(results).toEqual([{ category: "newsletter" }]);
  });

  it("still shows a category that the deployment has lost", async () => {
    const subject = { channel: "email", addressKey: to, category: "gone<b>", message: `msg_00${"0".repeat(32)}` };
    const keys = readSettings(env).unsubscribe!.keys;
    const { text } = await page(`/v1/unsubscribe/${await signToken(keys[0], subject)}`);
    expect(ticked(text)).toEqual(["marketing", "newsletter", "gone&lt;b&gt;"]);
    expect(text).not.toContain("<b>");
  });
});
