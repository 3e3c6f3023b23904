import { afterEach, describe, expect, test, vi } from "vitest";
import { fromBase64Url, utf8 } from "../crypto/bytes.ts";
import { verifyHmac } from "../crypto/hmac.ts";
import { ConfigurationError } from "../error/errors.ts";
import { signRecipientToken } from "./index.ts";

const secret = "0123456789abcdef0123456789abcdef";
const good = { key: `2027:${secret}`, recipient: "user_42" };

afterEach(() => void vi.useRealTimers());

const read = (part: string): unknown => JSON.parse(new TextDecoder().decode(fromBase64Url(part)));

describe("a recipient's token", () => {
  test("is a JWT that names the key, the recipient, its audience and its end, and is signed with HMAC-SHA-256", async () => {
    vi.setSystemTime(new Date("2027-01-02T03:04:05.678Z"));
    const token = await signRecipientToken(good);
    const [header = "", claims = "", signature = "", ...rest] = token.split(".");
    expect(rest).toEqual([]);
    expect(read(header)).toEqual({ typ: "JWT", alg: "HS256", kid: "2027" });
    const iat = Date.parse("2027-01-02T03:04:05Z") / 1_000;
    expect(read(claims)).toEqual({ aud: "carillon", sub: "user_42", iat, exp: iat + 3_600 });
    const bytes = fromBase64Url(signature) as Uint8Array<ArrayBuffer>;
    expect(await verifyHmac("SHA-256", utf8(secret), bytes, utf8(`${header}.${claims}`))).toBe(true);
    expect(await verifyHmac("SHA-256", utf8(`${secret}x`), bytes, utf8(`${header}.${claims}`))).toBe(false);
  });

  test("is good for as long as it is told, and has a secret with a colon in it", async () => {
    const token = await signRecipientToken({ ...good, key: `a:${secret}:b`, expiresInSeconds: 86_400 });
    const [header = "", claims = "", signature = ""] = token.split(".");
    const { iat, exp } = read(claims) as { iat: number; exp: number };
    expect(exp - iat).toBe(86_400);
    const bytes = fromBase64Url(signature) as Uint8Array<ArrayBuffer>;
    expect(await verifyHmac("SHA-256", utf8(`${secret}:b`), bytes, utf8(`${header}.${claims}`))).toBe(true);
  });

  test.each<[string, object, string]>([
    ["no key", { key: undefined }, "key"],
    ["a key without an id", { key: secret }, "key"],
    ["a short secret", { key: `2027:${secret.slice(1)}` }, "key"],
    ["a secret with a comma, which ends a key in the service's list", { key: `2027:${secret},` }, "key"],
    ["no recipient", { recipient: undefined }, "recipient"],
    ["an empty recipient", { recipient: "" }, "recipient"],
    ["a recipient that is a path", { recipient: "../keys" }, "recipient"],
    ["a recipient with a slash", { recipient: "a/b" }, "recipient"],
    ["a recipient that is too long", { recipient: "a".repeat(129) }, "recipient"],
    ["no time", { expiresInSeconds: 0 }, "expiresInSeconds"],
    ["more than a day", { expiresInSeconds: 86_401 }, "expiresInSeconds"],
    ["half a second", { expiresInSeconds: 0.5 }, "expiresInSeconds"],
    ["an unknown option", { scope: "admin" }, "scope"],
  ])("is refused with %s, without a value", async (_, wrong, option) => {
    const error = await signRecipientToken({ ...good, ...wrong } as never).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ConfigurationError);
    const { problems, message } = error as ConfigurationError;
    expect(problems).toEqual([expect.stringMatching(new RegExp(`^${option}: `))]);
    expect(message).not.toContain(secret.slice(1));
  });
});
