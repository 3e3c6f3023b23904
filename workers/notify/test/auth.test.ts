import { beforeAll, describe, expect, it, vi } from "vitest";
import { app } from "../src/app.ts";
import type { Env } from "../src/env.ts";
import { call, email, env } from "./service.ts";
import { everything } from "./shards.ts";

type Scope = "send" | "read" | "admin";

interface Key {
  readonly id: string;
  readonly key: string;
}

async function newKey(scopes: readonly Scope[]): Promise<Key> {
  const response = await call("POST", "/v1/keys", { body: { name: "test", scopes } });
  expect(response.status).toBe(201);
  return response.json();
}

const sendAt = new Date(Date.now() + 3_600_000).toISOString();
const notification = email("delivered@simulator.test", { sendAt });
const suppression = { channel: "email", address: "nobody@simulator.test" };

/** Every route that needs a key: its scope, and what it answers when it is let in. */
const routes: readonly [string, string, Scope, object | undefined, number][] = [
  ["POST", "/v1/notifications", "send", notification, 202],
  ["POST", "/v1/notifications/batch", "send", { notifications: [notification] }, 202],
  ["GET", `/v1/notifications/ntf_00${"0".repeat(32)}`, "read", undefined, 404],
  ["GET", "/v1/messages", "read", undefined, 200],
  ["GET", `/v1/messages/msg_00${"0".repeat(32)}`, "read", undefined, 404],
  ["GET", "/v1/suppressions", "read", undefined, 200],
  ["PUT", "/v1/suppressions", "admin", suppression, 200],
  ["DELETE", "/v1/suppressions", "admin", suppression, 204],
  ["POST", "/v1/keys", "admin", { name: "another", scopes: ["read"] }, 201],
  ["GET", "/v1/keys", "admin", undefined, 200],
  ["DELETE", "/v1/keys/key_none", "admin", undefined, 404],
];

describe("API keys", () => {
  const keys = new Map<Scope, Key>();
  beforeAll(async () => {
    for (const scope of ["send", "read", "admin"] as const) keys.set(scope, await newKey([scope]));
  });

  describe.each(routes)("%s %s", (method, path, needed, body, status) => {
    it.each(["", "crl_wrong", `crl_${"0".repeat(64)}`, "x".repeat(300)])("refuses the key %j", async (key) => {
      const before = await everything();
      const response = await call(method, path, { key, body });
      expect(response.status).toBe(401);
      expect(response.headers.get("www-authenticate")).toMatch(/^Bearer /);
      expect(response.headers.get("content-type")).toBe("application/problem+json");
      expect(await everything()).toBe(before);
    });

    it.each(["send", "read", "admin"] as const)("with a key to %s", async (scope) => {
      const allowed = scope === needed || scope === "admin";
      const before = await everything();
      const response = await call(method, path, { key: keys.get(scope)!.key, body });
      expect(response.status).toBe(allowed ? status : 403);
      if (!allowed) expect(await everything()).toBe(before);
    });
  });

  it("are in no answer but the first, and nowhere in the directory", async () => {
    const { id, key } = await newKey(["read"]);
    expect(key).toMatch(/^crl_[0-9a-f]{64}$/);
    const list = await (await call("GET", "/v1/keys")).text();
    expect(list).toContain(id);
    expect(list).not.toContain(key);
    expect(await everything()).not.toContain(key);
    expect(await everything()).not.toContain(key.slice(4));
  });

  it("stop working when they are revoked", async () => {
    const { id, key } = await newKey(["read"]);
    const used = await newKey(["read"]);
    expect((await call("GET", "/v1/messages", { key: used.key })).status).toBe(200);
    for (const one of [id, used.id]) expect((await call("DELETE", `/v1/keys/${one}`)).status).toBe(204);
    expect((await call("DELETE", `/v1/keys/${id}`)).status).toBe(404);
    expect((await call("GET", "/v1/messages", { key })).status).toBe(401);
    // One that was used in this minute may be remembered, and no longer.
    vi.setSystemTime(Date.now() + 60_001);
    expect((await call("GET", "/v1/messages", { key: used.key })).status).toBe(401);
    vi.useRealTimers();
  });

  it("cost one read of the directory a minute", async () => {
    const { key } = await newKey(["read"]);
    let reads = 0;
    const DB = new Proxy(env.DB, {
      get: (target, name) => {
        if (name === "prepare") reads += 1;
        const value: unknown = Reflect.get(target, name);
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      },
    });
    const headers = { authorization: `Bearer ${key}` };
    const ask = (): Promise<Response> =>
      Promise.resolve(app.fetch(new Request("https://carillon.test/v1/messages", { headers }), { ...env, DB }));
    for (let request = 0; request < 20; request++) expect((await ask()).status).toBe(200);
    expect(reads).toBe(1);
    vi.setSystemTime(Date.now() + 60_001);
    expect((await ask()).status).toBe(200);
    expect(reads).toBe(2);
    vi.useRealTimers();
  });

  it("are not pushed out of memory at once by whoever tries keys at random", async () => {
    const { key } = await newKey(["read"]);
    const ask = (token: string, DB: D1Database = env.DB): Promise<Response> => {
      const headers = { authorization: `Bearer ${token}` };
      return Promise.resolve(app.fetch(new Request("https://carillon.test/v1/messages", { headers }), { ...env, DB }));
    };
    for (let guess = 0; guess < 990; guess++) await ask(`guess-${guess}`);
    expect((await ask(key)).status).toBe(200);
    for (let guess = 0; guess < 100; guess++) await ask(`other-guess-${guess}`);
    const unread = undefined as unknown as D1Database;
    expect((await ask(key, unread)).status).toBe(200);
  });

  it("have the first one from a secret, which must be long", async () => {
    const ask = async (ADMIN_API_KEY: string | undefined, token: string): Promise<number> => {
      const headers = { authorization: `Bearer ${token}` };
      const other = { ...env, ADMIN_API_KEY } as Env;
      return (await app.fetch(new Request("https://carillon.test/v1/keys", { headers }), other)).status;
    };
    const long = "a-secret-of-24-characters";
    expect(await ask(long, long)).toBe(200);
    expect(await ask(long, `${long}x`)).toBe(401);
    expect(await ask(long.slice(0, 23), long.slice(0, 23))).toBe(401);
    expect(await ask(undefined, "undefined")).toBe(401);
    expect(await ask("", "")).toBe(401);
  });

  it.each<[string, object, string]>([
    ["an unknown scope", { name: "x", scopes: ["root"] }, "scopes.0"],
    ["no scope", { name: "x", scopes: [] }, "scopes"],
    ["no name", { name: "", scopes: ["read"] }, "name"],
    ["a key of the caller's own", { name: "x", scopes: ["read"], key: "mine" }, "key"],
  ])("are not made with %s", async (_, body, field) => {
    const before = await everything();
    const response = await call("POST", "/v1/keys", { body });
    expect(response.status).toBe(422);
    expect((await response.json<{ errors: { field: string }[] }>()).errors[0]?.field).toBe(field);
    expect(await everything()).toBe(before);
  });
});
