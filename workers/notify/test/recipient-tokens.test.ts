import { signRecipientToken } from "carillon/recipient-token";
import { afterEach, describe, expect, it, vi } from "vitest";
import { app } from "../src/app.ts";
import { toBase64Url } from "../src/base64url.ts";
import type { Env } from "../src/env.ts";
import { allowedOrigin, newRecipient, newRecipientId, tokenKey, tokenOf } from "./recipients.ts";
import { call, env } from "./service.ts";

const secret = tokenKey.slice("local:".length);
const encoder = new TextEncoder();

afterEach(() => void vi.useRealTimers());

/** A token of any header and claims. */
async function forge(header: object, claims: object, key = secret): Promise<string> {
  const text = [header, claims].map((part) => toBase64Url(encoder.encode(JSON.stringify(part)))).join(".");
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const imported = await crypto.subtle.importKey("raw", encoder.encode(key), hmac, false, ["sign"]);
  return `${text}.${toBase64Url(new Uint8Array(await crypto.subtle.sign("HMAC", imported, encoder.encode(text))))}`;
}

const seconds = (): number => Math.floor(Date.now() / 1_000);
const header = { typ: "JWT", alg: "HS256", kid: "local" };
const claimsOf = (sub: string): Readonly<Record<string, unknown>> => ({
  aud: "carillon",
  sub,
  iat: seconds(),
  exp: seconds() + 3_600,
});

function preferences(id: string, key: string, method = "GET"): Promise<Response> {
  const body = method === "PUT" ? { preferences: {} } : undefined;
  return call(method, `/v1/recipients/${id}/preferences`, { key, body });
}

describe("a recipient's token", () => {
  it("lets its holder read and write what is theirs, also before the app has said anything of them", async () => {
    for (const id of [await newRecipient(), newRecipientId()]) {
      const token = await tokenOf(id);
      expect((await preferences(id, token)).status).toBe(200);
      expect((await preferences(id, token, "PUT")).status).toBe(200);
      expect((await call("GET", `/v1/recipients/${id}`)).status).toBe(200);
    }
  });

  it("opens nothing of anybody else", async () => {
    const [id, other] = [await newRecipient(), await newRecipient()];
    for (const method of ["GET", "PUT"]) {
      const response = await preferences(other, await tokenOf(id), method);
      expect(response.status).toBe(403);
      expect(await response.text()).not.toContain(id);
    }
  });

  it("opens no other route, not even one about its own recipient", async () => {
    const id = await newRecipient();
    const key = await tokenOf(id);
    for (const [method, path] of [
      ["GET", `/v1/recipients/${id}`],
      ["GET", "/v1/recipients"],
      ["PUT", `/v1/recipients/${id}`],
      ["PATCH", `/v1/recipients/${id}`],
      ["GET", "/v1/messages"],
      ["GET", "/v1/keys"],
      ["POST", "/v1/notifications"],
      ["PUT", "/v1/suppressions"],
    ] as const) {
      const response = await call(method, path, { key, body: method === "GET" ? undefined : {} });
      expect([method, path, response.status]).toEqual([method, path, 401]);
    }
  });

  it("is read with the older keys too, each under its own name", async () => {
    const RECIPIENT_TOKEN_KEYS = `2027:${"n".repeat(32)},2026:${"o".repeat(32)}`;
    const ask = async (key: string): Promise<number> => {
      const id = newRecipientId();
      const headers = { authorization: `Bearer ${await signRecipientToken({ key, recipient: id })}` };
      const request = new Request(`https://carillon.test/v1/recipients/${id}/preferences`, { headers });
      return (await app.fetch(request, { ...env, RECIPIENT_TOKEN_KEYS } as Env)).status;
    };
    expect(await ask(`2027:${"n".repeat(32)}`)).toBe(200);
    expect(await ask(`2026:${"o".repeat(32)}`)).toBe(200);
    expect(await ask(`2026:${"n".repeat(32)}`)).toBe(401);
    expect(await ask(tokenKey)).toBe(401);
  });

  it("ends when it says, to the second", async () => {
    const id = newRecipientId();
    const token = await signRecipientToken({ key: tokenKey, recipient: id, expiresInSeconds: 60 });
    const end = (seconds() + 60) * 1_000;
    vi.setSystemTime(end - 1_000);
    expect((await preferences(id, token)).status).toBe(200);
    vi.setSystemTime(end);
    const response = await preferences(id, token);
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toContain("invalid_token");
    expect(await response.json()).toMatchObject({ detail: "It has expired." });
  });

  const id = newRecipientId();
  it.each<[string, () => Promise<string>, string]>([
    ["no signature", async () => (await tokenOf(id)).replace(/\.[^.]+$/, "."), "signature"],
    ["another's signature", () => forge(header, claimsOf(id), "x".repeat(40)), "signature"],
    [
      "other claims under a good signature",
      async () => {
        const [head, , mac] = (await tokenOf(id)).split(".");
        const body = toBase64Url(encoder.encode(JSON.stringify({ ...claimsOf(id), exp: seconds() + 7_200 })));
        return `${head}.${body}.${mac}`;
      },
      "signature",
    ],
    ["alg none", async () => (await forge({ ...header, alg: "none" }, claimsOf(id))).replace(/\.[^.]+$/, "."), "HS256"],
    ["alg none, signed", () => forge({ ...header, alg: "none" }, claimsOf(id)), "HS256"],
    ["alg HS512", () => forge({ ...header, alg: "HS512" }, claimsOf(id)), "HS256"],
    ["alg RS256", () => forge({ ...header, alg: "RS256" }, claimsOf(id)), "HS256"],
    [
      "what must be understood, and is not",
      () => forge({ ...header, crit: ["b64"], b64: false }, claimsOf(id)),
      "HS256",
    ],
    ["no kid", () => forge({ ...header, kid: undefined }, claimsOf(id)), "key"],
    ["another kid", () => forge({ ...header, kid: "other" }, claimsOf(id)), "key"],
    ["another audience", () => forge(header, { ...claimsOf(id), aud: "shop" }), "audience"],
    ["no recipient", () => forge(header, { ...claimsOf(id), sub: undefined }), "recipient"],
    ["a recipient that is none", () => forge(header, { ...claimsOf(id), sub: "../keys" }), "recipient"],
    ["no end", () => forge(header, { ...claimsOf(id), exp: undefined }), "expires"],
    ["an end that is text", () => forge(header, { ...claimsOf(id), exp: "9999999999" }), "expires"],
    [
      "an end in the past",
      () => forge(header, { ...claimsOf(id), iat: seconds() - 60, exp: seconds() - 1 }),
      "expired",
    ],
    ["a life of more than a day", () => forge(header, { ...claimsOf(id), exp: seconds() + 86_402 }), "a day"],
    [
      "a life of more than a day that is nearly over",
      () => forge(header, { ...claimsOf(id), iat: seconds() - 90_000, exp: seconds() + 60 }),
      "a day",
    ],
    [
      "a life of more than a day without its beginning",
      () => forge(header, { aud: "carillon", sub: id, exp: seconds() + 90_000 }),
      "a day",
    ],
    ["a beginning in the future", () => forge(header, { ...claimsOf(id), iat: seconds() + 120 }), "not good yet"],
    ["nbf in the future", () => forge(header, { ...claimsOf(id), nbf: seconds() + 120 }), "not good yet"],
    ["nbf that is no time", () => forge(header, { ...claimsOf(id), nbf: "later" }), "not good yet"],
    ["a part that is not in base64url", async () => (await tokenOf(id)).replace(".", "=."), "API key"],
    ["more than 2,000 characters", () => forge(header, { ...claimsOf(id), more: "x".repeat(2_000) }), "Bearer"],
  ])("is refused with %s", async (_, make, why) => {
    for (const method of ["GET", "PUT"]) {
      const response = await preferences(id, await make(), method);
      const text = await response.text();
      expect([response.status, text]).toEqual([401, expect.stringContaining(why)]);
      expect(text).not.toContain(secret);
    }
    expect((await call("GET", `/v1/recipients/${id}`)).status).toBe(404);
  });
});

describe("pages of other origins", () => {
  const ask = async (method: string, path: string, headers: Readonly<Record<string, string>>): Promise<Response> =>
    call(method, path, { key: "", headers });

  const preflight = (path: string, origin: string): Promise<Response> =>
    ask("OPTIONS", path, {
      origin,
      "access-control-request-method": "PUT",
      "access-control-request-headers": "authorization",
    });

  it("are let in when they are on the list, by the preflight and by the answer, problems too", async () => {
    const id = newRecipientId();
    const path = `/v1/recipients/${id}/preferences`;
    const asked = await preflight(path, allowedOrigin);
    expect(asked.status).toBe(204);
    expect(Object.fromEntries(asked.headers)).toMatchObject({
      "access-control-allow-origin": allowedOrigin,
      "access-control-allow-methods": "GET, PUT",
      "access-control-allow-headers": "authorization, content-type",
      vary: "Origin",
    });
    expect(asked.headers.has("access-control-allow-credentials")).toBe(false);
    for (const [key, status] of [
      [await tokenOf(id), 200],
      ["", 401],
    ] as const) {
      const response = await call("GET", path, { key, headers: { origin: allowedOrigin } });
      expect(response.status).toBe(status);
      expect(response.headers.get("access-control-allow-origin")).toBe(allowedOrigin);
      expect(response.headers.get("vary")).toBe("Origin");
    }
  });

  it.each(["https://evil.example", "http://127.0.0.1:5174", `${allowedOrigin}.evil.example`, "null", "*"])(
    "are not let in when they are not: %s",
    async (origin) => {
      const path = `/v1/recipients/${newRecipientId()}/preferences`;
      const asked = await preflight(path, origin);
      expect(asked.status).toBe(403);
      expect(asked.headers.has("access-control-allow-origin")).toBe(false);
      const answered = await ask("GET", path, { origin });
      expect(answered.headers.has("access-control-allow-origin")).toBe(false);
    },
  );

  it("are let into nothing but what browsers are meant to call", async () => {
    for (const path of ["/v1/recipients/a", "/v1/recipients", "/v1/messages", "/v1/notifications", "/v1/keys"]) {
      const asked = await preflight(path, allowedOrigin);
      expect([path, asked.status]).toEqual([path, 404]);
      const answered = await ask("GET", path, { origin: allowedOrigin });
      expect(answered.headers.has("access-control-allow-origin")).toBe(false);
    }
  });
});
