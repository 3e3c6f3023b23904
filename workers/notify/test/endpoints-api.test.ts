import { describe, expect, it, vi } from "vitest";
import { readSettings } from "../src/settings.ts";
import { deliveriesOf, isSignedWith, listen, untilTold, useApps } from "./apps.ts";
import { meter } from "./meter.ts";
import { accept, call, email, env, message, untilStatus } from "./service.ts";
import { everything, inShard, placeOf } from "./shards.ts";
import { postResend } from "./webhooks.ts";
import { simulator } from "./worker.ts";

useApps();

const body = { url: "https://app.example.com/hooks?tenant=4", types: ["message.delivered", "suppression.created"] };

async function create(more: object = {}): Promise<Response> {
  return call("POST", "/v1/endpoints", { body: { ...body, ...more } });
}

describe("endpoints", () => {
  it("are made with a secret that is shown once", async () => {
    const response = await create({ description: "The shop" });
    expect(response.status).toBe(201);
    const made = await response.json<{ id: string; secret: string }>();
    expect(made).toEqual({
      id: expect.stringMatching(/^ep_[0-9a-f]{16}$/) as unknown,
      ...body,
      description: "The shop",
      status: "enabled",
      createdAt: expect.any(String) as unknown,
      secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/) as unknown,
    });
    const { secret, ...rest } = made;
    expect(response.headers.get("location")).toBe(`/v1/endpoints/${made.id}`);
    for (const path of ["/v1/endpoints", `/v1/endpoints/${made.id}`, "/v1/health"]) {
      expect(await (await call("GET", path)).text()).not.toContain(secret);
    }
    expect(await (await call("GET", `/v1/endpoints/${made.id}`)).json()).toEqual(rest);
    expect(await (await call("GET", "/v1/endpoints")).json()).toEqual({ endpoints: [rest] });
  });

  it("change and go", async () => {
    const { id } = await (await create()).json<{ id: string }>();
    const changed = await call("PATCH", `/v1/endpoints/${id}`, { body: { types: ["*"], enabled: false } });
    expect(await changed.json()).toMatchObject({
      url: body.url,
      types: ["*"],
      status: "disabled",
      disabledBecause: "caller",
    });
    expect((await call("DELETE", `/v1/endpoints/${id}`)).status).toBe(204);
    for (const [method, path, given] of [
      ["GET", "", undefined],
      ["PATCH", "", { enabled: true }],
      ["DELETE", "", undefined],
      ["POST", "/rotate", {}],
      ["POST", "/test", undefined],
      ["GET", "/deliveries", undefined],
      ["POST", "/replay", { status: "dead" }],
    ] as const) {
      expect((await call(method, `/v1/endpoints/${id}${path}`, { body: given })).status).toBe(404);
    }
  });

  it.each([
    ["no types", { types: [] }, "types"],
    ["a type that is none", { types: ["message.eaten"] }, "types.0"],
    // Counted first: none of the 100,000 is looked at.
    ["more types than there are", { types: Array.from({ length: 100_000 }, () => "message.eaten") }, "types"],
    ["a test, which is not subscribed to", { types: ["endpoint.test"] }, "types.0"],
    ["a URL that is none", { url: "app.example.com" }, "url"],
    ["plain http", { url: "http://app.example.com/" }, "url"],
    ["a private network", { url: "https://192.168.1.1/" }, "url"],
    ["the metadata service", { url: "https://169.254.169.254/latest/meta-data/" }, "url"],
    ["credentials", { url: "https://user:secret@app.example.com/" }, "url"],
    ["another port", { url: "https://app.example.com:8443/" }, "url"],
    ["an unknown field", { secret: "whsec_mine" }, "secret"],
    ["a description that is none", { description: 4 }, "description"],
  ])("are refused with %s, on the way in and as a change", async (_, more, field) => {
    const response = await create(more);
    expect(response.status).toBe(422);
    const { errors } = await response.json<{ errors: { field: string; detail: string }[] }>();
    expect(errors.map((error) => error.field)).toEqual([field]);
    expect(JSON.stringify(errors)).not.toContain("user:secret");
    const { id } = await (await create()).json<{ id: string }>();
    expect((await call("PATCH", `/v1/endpoints/${id}`, { body: more })).status).toBe(422);
  });

  it("are for keys with the scope admin", async () => {
    const made = await call("POST", "/v1/keys", { body: { name: "reader", scopes: ["read", "send"] } });
    const { key } = await made.json<{ key: string }>();
    const { id } = await (await create()).json<{ id: string }>();
    for (const [method, path, given] of [
      ["GET", "", undefined],
      ["POST", "", body],
      ["GET", `/${id}`, undefined],
      ["PATCH", `/${id}`, {}],
      ["DELETE", `/${id}`, undefined],
      ["POST", `/${id}/rotate`, {}],
      ["POST", `/${id}/test`, undefined],
      ["GET", `/${id}/deliveries`, undefined],
      ["POST", `/${id}/replay`, { status: "dead" }],
    ] as const) {
      expect((await call(method, `/v1/endpoints${path}`, { key, body: given })).status).toBe(403);
      expect((await call(method, `/v1/endpoints${path}`, { key: "", body: given })).status).toBe(401);
    }
  });

  it("are at most 20", async () => {
    for (let count = 0; count < 20; count++) expect((await create()).status).toBe(201);
    const response = await create();
    expect([response.status, await response.json()]).toMatchObject([409, { type: "/problems/too-many-endpoints" }]);
  });
});

describe("a rotation", () => {
  it("lets the old secret sign too for a day", async () => {
    const app = await listen();
    const old = app.secret;
    const rotated = await call("POST", `/v1/endpoints/${app.id}/rotate`, { body: {} });
    const { secret, oldSecretsValidUntil } = await rotated.json<{ secret: string; oldSecretsValidUntil: string[] }>();
    expect(Math.abs(Date.parse(oldSecretsValidUntil[0]!) - Date.now() - 86_400_000)).toBeLessThan(10_000);
    const fire = async (): Promise<boolean[]> => {
      await call("POST", `/v1/endpoints/${app.id}/test`);
      const told = app.told.at(-1)!;
      return [await isSignedWith(secret, told), await isSignedWith(old, told)];
    };
    expect(secret).not.toBe(old);
    expect(await fire()).toEqual([true, true]);
    expect(app.told.at(-1)!.headers.get("webhook-signature")!.split(" ")).toHaveLength(2);
    vi.setSystemTime(Date.now() + 86_400_000 - 60_000);
    expect(await fire()).toEqual([true, true]);
    vi.setSystemTime(Date.now() + 120_000);
    expect(await fire()).toEqual([true, false]);
    expect(await (await call("GET", `/v1/endpoints/${app.id}`)).json()).not.toHaveProperty("oldSecretsValidUntil");
  });

  it("can end the old secrets at once", async () => {
    const app = await listen();
    await call("POST", `/v1/endpoints/${app.id}/rotate`, { body: {} });
    const rotated = await call("POST", `/v1/endpoints/${app.id}/rotate`, { body: { oldSecretValidSeconds: 0 } });
    const { secret } = await rotated.json<{ secret: string }>();
    await call("POST", `/v1/endpoints/${app.id}/test`);
    expect(app.told[0]!.headers.get("webhook-signature")!.split(" ")).toHaveLength(1);
    expect(await isSignedWith(secret, app.told[0]!)).toBe(true);
  });

  it("stops at four older secrets, and refuses what is no time", async () => {
    const app = await listen();
    const rotate = (given: object): Promise<Response> =>
      call("POST", `/v1/endpoints/${app.id}/rotate`, { body: given });
    for (let count = 0; count < 4; count++) expect((await rotate({})).status).toBe(200);
    expect((await rotate({})).status).toBe(409);
    expect((await rotate({ oldSecretValidSeconds: 0 })).status).toBe(200);
    for (const seconds of [-1, 1.5, 604_801, "1"]) {
      expect((await rotate({ oldSecretValidSeconds: seconds })).status).toBe(422);
    }
  });
});

describe("a test", () => {
  it("fires now, and answers with what the endpoint said", async () => {
    const app = await listen(["message.sent"]);
    const state = await everything();
    app.answer = () => new Response(`Hello ${"x".repeat(2_000)}`, { status: 202 });
    const response = await call("POST", `/v1/endpoints/${app.id}/test`);
    const result = await response.json<{ body: string; sent: { id: string } }>();
    expect(result).toMatchObject({
      ok: true,
      status: 202,
      durationMs: expect.any(Number) as unknown,
      sent: { type: "endpoint.test", data: { endpointId: app.id } },
    });
    expect(result.body).toHaveLength(1_000);
    expect(app.told).toHaveLength(1);
    expect(app.told[0]).toMatchObject({ id: result.sent.id, type: "endpoint.test" });
    expect(await isSignedWith(app.secret, app.told[0]!)).toBe(true);
    // It is nobody's event: nothing is written, and nothing tried again.
    expect(await everything()).toBe(state);
    expect(await deliveriesOf(app)).toEqual([]);
  });

  it.each([
    ["an error", () => new Response("down", { status: 500 }), { ok: false, status: 500, body: "down" }],
    [
      "a redirect, which is not followed",
      () => new Response(null, { status: 302, headers: { location: "https://169.254.169.254/" } }),
      { ok: false, status: 302 },
    ],
    [
      "a broken connection",
      () => Promise.reject(new TypeError("https://secret.example")),
      { ok: false, failure: "network" },
    ],
  ])("answers with %s", async (_, answer, expected) => {
    const app = await listen();
    app.answer = answer;
    const response = await call("POST", `/v1/endpoints/${app.id}/test`);
    expect(response.status).toBe(200);
    const result = await response.json();
    expect(result).toMatchObject(expected);
    expect(JSON.stringify(result)).not.toContain("secret.example");
    expect(app.told).toHaveLength(1);
  });

  it("asks no URL that the deployment has forbidden since", async () => {
    const app = await listen();
    await env.DB.prepare("UPDATE endpoint SET url = 'https://10.0.0.1/' WHERE id = ?").bind(app.id).run();
    const result = await (await call("POST", `/v1/endpoints/${app.id}/test`)).json();
    expect(result).toMatchObject({ ok: false, failure: "url" });
    expect(vi.mocked(fetch)).not.toHaveBeenCalled();
  });

  it("reaches a disabled endpoint, too", async () => {
    const app = await listen();
    await call("PATCH", `/v1/endpoints/${app.id}`, { body: { enabled: false } });
    expect(await (await call("POST", `/v1/endpoints/${app.id}/test`)).json()).toMatchObject({ ok: true, status: 204 });
  });
});

describe("the list of deliveries", () => {
  it("goes page by page over all shards, the newest first", async () => {
    const app = await listen(["message.captured"]);
    const ids: string[] = [];
    for (let count = 0; count < 7; count++) {
      const { messages } = await accept(email(`ada${count}@example.com`));
      ids.push(messages[0]!.id);
      await untilTold(app, messages[0]!.id, 1);
    }
    const seen: string[] = [];
    let cursor = "";
    for (let page = 0; page < 4; page++) {
      const query = `?limit=3${cursor === "" ? "" : `&cursor=${cursor}`}`;
      const response = await call("GET", `/v1/endpoints/${app.id}/deliveries${query}`);
      const { deliveries, nextCursor } = await response.json<{ deliveries: { id: string }[]; nextCursor?: string }>();
      seen.push(...deliveries.map(({ id }) => id));
      if (nextCursor === undefined) break;
      cursor = nextCursor;
    }
    const told = ids.map((id) => app.about(id)[0]!.id);
    expect(seen).toEqual(told.toReversed());
    expect((await call("GET", `/v1/endpoints/${app.id}/deliveries?cursor=x`)).status).toBe(422);
    expect((await call("GET", `/v1/endpoints/${app.id}/deliveries?status=eaten`)).status).toBe(422);
  });
});

describe("what a deployment allows", () => {
  it("stands in its variables, and what is misspelt allows nothing and is said", () => {
    const read = (more: object): [unknown, readonly string[]] => {
      const { endpointUrls, problems } = readSettings({ ...env, ...more });
      return [endpointUrls, problems];
    };
    expect(read({ ENDPOINT_LOOPBACK: undefined })).toEqual([{ ports: [], loopback: false }, []]);
    expect(read({ ENDPOINT_PORTS: "8443, 443", ENDPOINT_LOOPBACK: "allow" })).toEqual([
      { ports: [8443], loopback: true },
      [],
    ]);
    expect(read({ ENDPOINT_PORTS: "https" })[1]).toHaveLength(1);
    expect(read({ ENDPOINT_LOOPBACK: "true" })).toEqual([
      { ports: [], loopback: false },
      ["ENDPOINT_LOOPBACK is not allow: it is not heeded"],
    ]);
    expect(read({ ENVIRONMENT: "staging", ENDPOINT_LOOPBACK: "allow" })[0]).toEqual({ ports: [], loopback: false });
  });
});

describe("what telling costs in rows:", () => {
  it("nothing without an endpoint that wants it, seven for each event that one is told", async () => {
    const rows = async (): Promise<number> => {
      const counted = await meter();
      const { messages } = await accept(
        email(`delivered+${crypto.randomUUID()}@simulator.test`, { providers: ["postmark"] }),
      );
      await expect.poll(async () => (await message(messages[0]!.id)).status).toBe("sent");
      await untilStatus(messages[0]!.id, "delivered");
      await simulator.settle();
      await new Promise((resolve) => setTimeout(resolve, 200));
      return counted.rowsWritten;
    };
    const without = await rows();
    const bounces = await listen(["message.bounced"]);
    expect(await rows()).toBe(without);
    await call("DELETE", `/v1/endpoints/${bounces.id}`);
    await listen(["message.delivered"]);
    // The row and its place among the due, what it becomes, the lane out and home, and an alarm.
    expect((await rows()) - without).toBe(7);
  });

  it("one transaction with as many statements for a hundred events as for one", async () => {
    await listen();
    const statements: number[] = [];
    for (const count of [1, 100]) {
      const sendAt = new Date(Date.now() + 3_600_000).toISOString();
      const to = Array.from({ length: count }, (_, index) => `delivered+many${count}-${index}@simulator.test`);
      const { messages } = await accept(email(to, { sendAt }));
      const { shard } = placeOf(messages[0]!.id);
      const counted = await meter();
      const now = Date.now();
      await inShard(shard, (_, storage, ledger) =>
        // Without the alarm that follows.
        storage.deleteAlarm().then(() =>
          ledger.ingest(
            messages.map(({ id }) => ({
              uuid: placeOf(id).uuid,
              id: `many-${id}`,
              provider: "resend",
              type: "delivered" as const,
              occurredAt: now,
              providerMessageId: undefined,
              addressKey: undefined,
              providerType: "email.delivered",
              reason: undefined,
              code: undefined,
              raw: null,
            })),
            now,
          ),
        ),
      );
      statements.push(counted.statements);
      expect(counted.mostParameters).toBeLessThanOrEqual(100);
    }
    expect(statements[1]).toBe(statements[0]);
  });
});

it("no statement of the telling looks at all deliveries", async () => {
  const app = await listen();
  const { messages } = await accept(email(`delivered+plan@simulator.test`, { providers: ["resend"] }));
  const counted = await meter();
  await untilStatus(messages[0]!.id, "delivered");
  await untilTold(app, messages[0]!.id, 2);
  await call("POST", `/v1/endpoints/${app.id}/replay`, { body: { status: "dead" } });
  await call("POST", `/v1/endpoints/${app.id}/replay`, { body: { ids: [app.told[0]!.id] } });
  await deliveriesOf(app);
  await deliveriesOf(app, "?status=dead");
  await postResend({ type: "email.opened", id: "plan", messageId: messages[0]!.id });
  const { shard } = placeOf(messages[0]!.id);
  await inShard(shard, async (_, __, ledger) => {
    await ledger.alarm();
    await ledger.sweep(Date.now());
    await ledger.pulse(Date.now());
  });
  const queries = [...counted.queries].filter((query) => query.includes("delivery"));
  expect(queries.length).toBeGreaterThan(10);
  const scans = await inShard(shard, (sql) =>
    queries.flatMap((query) => {
      const numbers = Array.from(query.matchAll(/\?(\d*)/g), ([, number], index) => Number(number) || index + 1);
      return sql
        .exec<{ detail: string }>(
          `EXPLAIN QUERY PLAN ${query}`,
          ...Array.from({ length: Math.max(0, ...numbers) }, () => null),
        )
        .toArray()
        .filter(({ detail }) => /^SCAN (d|delivery|earlier|m|n|message|notification)\b/.test(detail))
        .map(({ detail }) => `${detail}: ${query}`);
    }),
  );
  expect(scans).toEqual([]);
});
