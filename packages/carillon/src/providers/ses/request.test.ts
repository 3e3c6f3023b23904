import { fixtureContext, messageOf } from "@carillon/testing";
import { describe, expect, test } from "vitest";
import type { EmailMessage } from "../../channels/email.ts";
import { fromBase64 } from "../../crypto/bytes.ts";
import { ConfigurationError } from "../../error/errors.ts";
import type { ProviderFailure } from "../../provider/contract.ts";
import type { OutboundRequest } from "../../provider/request.ts";
import type { SesOptions } from "./options.ts";
import { ses } from "./provider.ts";
import type { SesEmail } from "./wire.ts";

const keys: SesOptions = { accessKeyId: "AKIA1", secretAccessKey: "secret", region: "us-east-1" };
const provider = ses(keys);
const message = (more: object = {}): EmailMessage =>
  messageOf(provider, {
    channel: "email",
    from: "hello@example.com",
    to: "ada@example.com",
    subject: "Hi",
    text: "Hi",
    ...more,
  });
const build = async (more: object = {}, options: Partial<SesOptions> = {}): Promise<OutboundRequest> =>
  (await ses({ ...keys, ...options }).buildRequest(message(more), fixtureContext)) as OutboundRequest;
const emailOf = async (more: object): Promise<SesEmail> => JSON.parse((await build(more)).body as string) as SesEmail;
/** Of a raw message; undefined for one in the simple form. */
const rawOf = async (more: object): Promise<string | undefined> => {
  const { Content } = await emailOf(more);
  return "Raw" in Content ? new TextDecoder().decode(fromBase64(Content.Raw.Data)) : undefined;
};

describe("groups", () => {
  const groupKey = (more?: object): string | undefined => provider.batch?.groupKey(message(more));

  test("messages that differ in recipient, metadata, tags and headers share a request", () => {
    expect(groupKey()).toBeDefined();
    expect(groupKey({ to: "bob@example.com", metadata: { a: "1" }, tags: ["b"], headers: { "X-C": "1" } })).toBe(
      groupKey(),
    );
  });

  test.each([
    ["subject", { subject: "Other" }],
    ["text", { text: "Other" }],
    ["HTML", { html: "<p>Hi</p>" }],
    ["sender", { from: "other@example.com" }],
    ["address for replies", { replyTo: "other@example.com" }],
    ["configuration set", { providerOptions: { ses: { configurationSet: "other" } } }],
  ])("another %s makes another request", (_what, more) => {
    expect(groupKey(more)).toBeDefined();
    expect(groupKey(more)).not.toBe(groupKey());
  });

  test.each([
    ["several recipients", { to: ["a@example.com", "b@example.com"] }],
    ["attachments", { attachments: [{ filename: "a", contentType: "text/plain", content: "YQ==" }] }],
    ["a variable in its subject", { subject: "Hi {{name}}" }],
    ["a variable in its text", { text: "Hi {{name}}" }],
    ["a variable in its HTML", { html: "<p>{{#if a}}</p>" }],
    ["a variable in a header", { headers: { "X-A": "Hi {{name}}" } }],
    ["a variable in the recipient's name", { to: { email: "ada@example.com", name: "{{name}}" } }],
    ["a header for the raw form", { headers: { "X-Empty": "" } }],
    ["content of over 450 kB", { html: "é".repeat(225_000) }],
    ["entries of over 10 kB", { headers: Object.fromEntries([..."abcdefghijk"].map((n) => [n, n.repeat(950)])) }],
    ["a mistake, which would fail the batch", { providerOptions: { ses: { typo: 1 } } }],
  ])("a message with %s goes alone", (_what, more) => {
    expect(groupKey(more)).toBeUndefined();
  });

  test("a request of the largest that share one stays below 1 MB", async () => {
    const headers = Object.fromEntries([..."abcdefghi"].map((name) => [name, name.repeat(900)]));
    const large = message({ html: "x".repeat(449_000), headers });
    expect(provider.batch?.groupKey(large)).toBeDefined();
    const items = Array.from({ length: 50 }, () => ({ message: large, messageId: "x".repeat(128) }));
    const request = (await provider.batch?.buildRequest(items, fixtureContext)) as OutboundRequest;
    expect((request.body as string).length).toBeLessThan(1_000_000);
  });
});

describe("the raw form", () => {
  const header = (value: string): object => ({ headers: { "X-Long": value } });
  const words = (length: number): string => "word ".repeat(length / 5).padEnd(length, "x");
  const file = { filename: "a.txt", contentType: "text/plain", content: "YQ==" };

  test.each([
    ["a 16th header", Object.fromEntries([..."abcdefghijklmno"].map((n) => [n, n])), { p: "p" }],
    ["a header of 997 characters", { "X-Long": words(990) }, { "X-Long": words(991) }],
    ["a header without a value", { "X-Empty": " " }, { "X-Empty": "" }],
    ["a header that is too long when it is encoded", { "X-Long": "é".repeat(250) }, { "X-Long": "é".repeat(400) }],
  ])("takes %s, and no message before", async (_what, fits, more) => {
    expect(await rawOf({ headers: fits })).toBeUndefined();
    expect(await rawOf({ headers: { ...fits, ...more } })).toContain(`\r\n${Object.keys(more)[0]}:`);
  });

  test.each([
    ["content id", { contentId: "i".repeat(78) }, { contentId: "i".repeat(79) }],
    ["content type", { contentType: `a/${"b".repeat(76)}` }, { contentType: `a/${"b".repeat(77)}` }],
  ])("takes a %s of more than 78 characters", async (_what, fits, more) => {
    expect(await rawOf({ attachments: [{ ...file, ...fits }] })).toBeUndefined();
    expect(await rawOf({ attachments: [{ ...file, ...more }] })).toContain(Object.values(more)[0]);
  });

  test("has no line for a word of over 900 characters", async () => {
    const headers = { "X-Word": "w".repeat(901), "X-Empty": "" };
    expect(await build({ headers })).toMatchObject({ kind: "invalid-message", field: "headers.X-Word" });
  });

  test.each([
    ["that the simple form has room for", { "X-Word": "w".repeat(950) }, false],
    ["that is encoded", { "X-Word": "漢".repeat(950) }, true],
  ])("leaves a word of over 900 characters %s alone", async (_what, headers, isRaw) => {
    expect(await build({ headers })).toHaveProperty("url");
    expect((await rawOf({ headers })) !== undefined).toBe(isRaw);
  });

  test("is ASCII in lines of up to 998 characters that end in CRLF, and keeps blind copies to itself", async () => {
    const raw = await rawOf({
      from: { email: "hello@example.com", name: "Zoë ".repeat(40) },
      to: Array.from({ length: 40 }, (_, i) => ({ email: `r${i}@example.com`, name: "Ö\ud83c\udf89".repeat(20) })),
      bcc: "secret@example.com",
      subject: "s".repeat(998),
      text: "é\n".repeat(5000),
      attachments: [{ ...file, filename: "漢".repeat(255), contentId: "a" }, file],
      headers: { "X-One-Word": "w".repeat(900), "X-Empty": "", "X-Spaces": `${"a  b ".repeat(200)} c` },
    });
    expect(raw).toMatch(/^([ -~]{0,998}\r\n)+--=_carillon_mixed--$/);
    expect(raw).not.toContain("secret@example.com");
    expect(raw?.replaceAll("\r\n ", " ")).toContain(`\r\nX-Spaces: ${"a  b ".repeat(200)} c\r\n`);
  });

  test.each([
    ["text alone", {}, /\r\nContent-Type: text\/plain; charset=UTF-8\r\n.+\r\n\r\nSGk=$/s],
    ["text and HTML", { html: "x" }, /^(?!.*(mixed|related)).*multipart\/alternative/s],
    [
      "an inline image",
      { html: "x", attachments: [{ ...file, contentId: "a" }] },
      /^(?!.*mixed).*related; type="multipart\/alternative";/s,
    ],
    ["a file", { attachments: [file] }, /^(?!.*(related|alternative)).*multipart\/mixed/s],
  ])("has no more parts than %s needs", async (_what, more, expected) => {
    expect(await rawOf({ ...more, ...header("") })).toMatch(expected);
  });
});

describe("the request", () => {
  test.each([
    ["us-gov-west-1", "https://email.us-gov-west-1.amazonaws.com"],
    ["cn-north-1", "https://email.cn-north-1.amazonaws.com.cn"],
  ])("goes to the host of %s", async (region, origin) => {
    const { url, headers } = await build({}, { region });
    expect(url).toBe(`${origin}/v2/email/outbound-emails`);
    expect(headers["authorization"]).toContain(
      `/20260102/${region}/ses/aws4_request, SignedHeaders=content-type;host;x`,
    );
  });

  test("is signed for the real host though another origin stands in for it", async () => {
    const baseUrl = "http://127.0.0.1:9998/email.us-east-1.amazonaws.com";
    expect(ses({ ...keys, baseUrl }).baseUrl).toBe(baseUrl);
    expect(await build({}, { baseUrl })).toEqual(await build());
  });

  test("asks functions for the secrets each time, and lists what they give", async () => {
    let calls = 0;
    const next = async (): Promise<string> => `s${++calls}`;
    const rotating = ses({ ...keys, accessKeyId: next, secretAccessKey: next, sessionToken: next });
    for (const secrets of [
      ["s1", "s2", "s3"],
      ["s4", "s5", "s6"],
    ]) {
      const request = (await rotating.buildRequest(message(), fixtureContext)) as OutboundRequest;
      expect(request.secrets).toEqual(secrets);
      expect(request.headers).toMatchObject({
        "x-amz-security-token": secrets[2],
        authorization: expect.stringContaining(`Credential=${secrets[1]}/`) as string,
      });
    }
  });

  test("is not made with a secret that cannot stand in a header", async () => {
    const failure = await ses({ ...keys, sessionToken: async () => "two\nlines" }).buildRequest(
      message(),
      fixtureContext,
    );
    expect(failure).toMatchObject({ ok: false, kind: "unauthorized" });
  });

  test("is refused for a message over 40 MB, counted in bytes of UTF-8", async () => {
    expect("url" in (await build({ text: "é".repeat(19_900_000) }))).toBe(true);
    const over = await ses(keys).buildRequest(message({ text: "é".repeat(20_000_001) }), fixtureContext);
    expect(over).toMatchObject({
      ok: false,
      kind: "invalid-message",
      field: "attachments",
    } satisfies Partial<ProviderFailure>);
  });
});

test.each([
  "",
  "us-east",
  "US-EAST-1",
  "us-iso-east-1",
  "us-isob-east-1",
  "eusc-de-east-1",
  "us-east-1.evil.example",
  "us-east-1/",
])("refuses %j as a region", (region) => {
  expect(() => ses({ ...keys, region })).toThrow(ConfigurationError);
});

test("names every problem of its options at once, and no secret", () => {
  const wrong = { accessKeyId: "", secretAccessKey: "a b", region: "x", sessionToken: 1, typo: true };
  expect(() => ses(wrong as never)).toThrow(/accessKeyId.*secretAccessKey.*region.*sessionToken.*typo/s);
  expect(() => ses(wrong as never)).not.toThrow(/a b/);
});

test.each(["ToAddresses", "bcc", "cc", "replyTo", "feedbackForwarding"])(
  "providerOptions cannot name recipients, which a guard would not see: %s",
  async (name) => {
    expect(await build({ providerOptions: { ses: { [name]: ["eve@example.com"] } } })).toMatchObject({
      kind: "invalid-message",
      field: `providerOptions.ses.${name}`,
    });
  },
);
