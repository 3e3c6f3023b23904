import { describe, expect, it } from "vitest";
import { app } from "../src/app.ts";
import { accept, adminKey, call, email, env } from "./service.ts";
import { everything } from "./shards.ts";

const inAnHour = new Date(Date.now() + 3_600_000).toISOString();

/** A request that waits, so that nothing moves while a test looks. */
const later = (more: object = {}, content: Record<string, unknown> = {}): object =>
  email("delivered@simulator.test", { sendAt: inAnHour, ...more }, content);

interface Problem {
  readonly type: string;
  readonly status: number;
  readonly title: string;
  readonly errors?: readonly { readonly field: string; readonly detail: string }[];
}

async function problemOf(response: Response, status: number): Promise<Problem> {
  const problem: Problem = await response.json();
  expect([response.status, problem.status], JSON.stringify(problem)).toEqual([status, status]);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  expect(problem.type).toMatch(/^\/problems\/[a-z-]+$/);
  return problem;
}

describe("a request that is not valid names the field and writes nothing:", () => {
  const content = (more: object): object => later({}, more as Record<string, unknown>);

  it.each<[string, unknown, string]>([
    ["an unknown field", later({ recipients: [] }), "recipients"],
    ["an unknown field of the content", content({ subjekt: "x" }), "content.subjekt"],
    ["a wrong type", later({ to: 5 }), "to"],
    ["a wrong type in the content", content({ subject: 5 }), "content.subject"],
    ["a wrong type of a flag", later({ envelope: "yes" }), "envelope"],
    ["no recipient", later({ to: undefined }), "to"],
    ["an empty list of recipients", later({ to: [] }), "to"],
    ["an empty recipient", later({ to: "" }), "to"],
    ["no content", later({ content: undefined }), "content"],
    ["content without a subject", content({ subject: undefined }), "content.subject"],
    ["1,001 recipients", later({ to: Array.from({ length: 1_001 }, (_, n) => `a${n}@simulator.test`) }), "to"],
    [
      "1,001 recipients in one envelope",
      later({ to: Array.from({ length: 1_001 }, (_, n) => `a${n}@simulator.test`), envelope: true }),
      "to",
    ],
    ["a list within the list", later({ to: [["a@simulator.test", "b@simulator.test"]] }), "to.0"],
    ["a bad address in the list", later({ to: ["a@simulator.test", "nobody"] }), "to.1"],
    ["a bad address with a name", later({ to: ["a@simulator.test", { email: "nobody", name: "N" }] }), "to.1.email"],
    ["a body that is a list", [later()], "body"],
    ["a body that is null", null, "body"],
    ["an unknown channel", later({ channel: "fax" }), "channel"],
    ["an unknown provider", later({ providers: ["carrierpigeon"] }), "providers.0"],
    ["a provider twice", later({ providers: ["resend", "resend"] }), "providers"],
    ["no provider", later({ providers: [] }), "providers"],
    ["options of an unknown provider", content({ providerOptions: { pigeon: {} } }), "content.providerOptions.pigeon"],
    ["a due time in the past", later({ sendAt: "2020-01-01T00:00:00Z" }), "sendAt"],
    ["a due time too far ahead", later({ sendAt: "2099-01-01T00:00:00Z" }), "sendAt"],
    ["a due time without an offset", later({ sendAt: inAnHour.replace("Z", "") }), "sendAt"],
    ["a due time in words", later({ sendAt: "tomorrow" }), "sendAt"],
    ["a day that does not exist", later({ sendAt: "2027-02-30T00:00:00Z" }), "sendAt"],
    ["an unknown priority", later({ priority: "urgent" }), "priority"],
    ["CR and LF in the subject", content({ subject: "Hi\r\nBcc: eve@example.com" }), "content.subject"],
    ["LF in the subject", content({ subject: "Hi\nthere" }), "content.subject"],
    [
      "LF in a sender's name",
      content({ from: { email: "a@example.org", name: "A\nBcc: e@x.org" } }),
      "content.from.name",
    ],
    ["CR in a recipient's name", later({ to: { email: "a@simulator.test", name: "A\rB" } }), "to.name"],
    ["LF in a header's value", content({ headers: { "X-A": "1\nBcc: eve@example.com" } }), "content.headers.X-A"],
    ["LF in a header's name", content({ headers: { "X-A\nBcc": "1" } }), "content.headers"],
    ["a header that the message sets", content({ headers: { BCC: "eve@example.com" } }), "content.headers.BCC"],
    ["LF in an address", later({ to: "a@simulator.test\nBcc: eve@example.com" }), "to"],
    ["a display name in an address", later({ to: "Ada <ada@simulator.test>" }), "to"],
    ["two addresses in one", later({ to: "a@simulator.test,eve@example.com" }), "to"],
    ["a display name in the sender", content({ from: '"ada@simulator.test" <eve@example.com>' }), "content.from"],
    ["a route in an address", later({ to: "<@evil.example:ada@simulator.test>" }), "to"],
    [
      "cc to every one of several",
      later({ to: ["a@simulator.test", "b@simulator.test"] }, { cc: "c@x.org" }),
      "content.cc",
    ],
    ["a recipient in the content", content({ to: "eve@example.com" }), "content.to"],
    [
      "a name of ours in the metadata",
      content({ metadata: { carillon_message_id: "x" } }),
      "content.metadata.carillon_message_id",
    ],
    [
      "more metadata than a message can have beside ours",
      content({ metadata: Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`k${n}`, "v"])) }),
      "content.metadata",
    ],
  ])("%s", async (_, body, field) => {
    const before = await everything();
    const problem = await problemOf(await call("POST", "/v1/notifications", { body }), 422);
    const fields = problem.errors?.map((error) => error.field) ?? [];
    expect(
      fields.some((name) => name === field || name.startsWith(`${field}.`)),
      fields.join(),
    ).toBe(true);
    expect(await everything()).toBe(before);
  });

  it("a channel without a provider", async () => {
    const body = JSON.stringify({ channel: "sms", to: "+447900900000", content: { text: "x" } });
    const headers = { authorization: `Bearer ${adminKey}`, "content-type": "application/json" };
    const emailAlone = { ...env, PROVIDERS: "resend" };
    const answer = await app.request("/v1/notifications", { method: "POST", headers, body }, emailAlone);
    expect((await problemOf(answer, 422)).errors?.map(({ field }) => field)).toEqual(["channel"]);
  });

  it("all that is wrong is said at once, and never the value", async () => {
    const body = later({ to: ["secret-one", "b@simulator.test", "secret-two"] });
    const problem = await problemOf(await call("POST", "/v1/notifications", { body }), 422);
    expect(problem.errors?.map(({ field }) => field)).toEqual(["to.0", "to.2"]);
    expect(JSON.stringify(problem)).not.toContain("secret-");
  });

  it("a batch is taken whole or not at all", async () => {
    const before = await everything();
    const body = { notifications: [later(), later({}, { subject: "a\nb" }), later({ to: [] })] };
    const problem = await problemOf(await call("POST", "/v1/notifications/batch", { body }), 422);
    const fields = problem.errors?.map(({ field }) => field);
    expect(fields).toEqual(["notifications.1.content.subject", "notifications.2.to"]);
    const to = Array.from({ length: 501 }, (_, n) => `a${n}@simulator.test`);
    const many = { notifications: [later({ to }), later({ to })] };
    const tooMany = await problemOf(await call("POST", "/v1/notifications/batch", { body: many }), 422);
    expect(tooMany.errors?.[0]?.field).toBe("notifications");
    for (const notifications of [[], Array.from({ length: 101 }, () => later()), "x"]) {
      const refused = await call("POST", "/v1/notifications/batch", { body: { notifications } });
      expect((await problemOf(refused, 422)).errors?.[0]?.field).toBe("notifications");
    }
    expect(await everything()).toBe(before);
  });

  const manyOf = (item: unknown): readonly unknown[] => Array.from({ length: 200_000 }, () => item);
  it.each<[string, string, object, string]>([
    ["a batch", "/v1/notifications/batch", { notifications: manyOf(1) }, "notifications"],
    ["recipients", "/v1/notifications", later({ to: manyOf([]) }), "to"],
    ["providers", "/v1/notifications", later({ providers: manyOf(1) }), "providers"],
    ["an import", "/v1/suppressions/import", { suppressions: manyOf(1) }, "suppressions"],
    ["scopes", "/v1/keys", { name: "x", scopes: manyOf(1) }, "scopes"],
  ])("a list that is far too long is counted, not looked through: %s", async (_, path, body, field) => {
    const problem = await problemOf(await call("POST", path, { body }), 422);
    expect(problem.errors?.map((error) => error.field)).toEqual([field]);
  });

  it("more mistakes than anybody reads: the first hundred are said", async () => {
    const to = Array.from({ length: 1_000 }, () => "nobody");
    const problem = await problemOf(await call("POST", "/v1/notifications", { body: later({ to }) }), 422);
    expect(problem.errors?.length).toBe(100);
  });

  it("19 entries of metadata are delivered", async () => {
    const metadata = Object.fromEntries(Array.from({ length: 19 }, (_, n) => [`k${n}`, "v"]));
    await accept(later({}, { metadata }));
  });
});

describe("a body that cannot be read", () => {
  const post = (body: BodyInit | null, headers: Record<string, string> = {}): Promise<Response> =>
    Promise.resolve(
      app.fetch(
        new Request("https://carillon.test/v1/notifications", {
          method: "POST",
          body,
          headers: { authorization: `Bearer ${env.ADMIN_API_KEY}`, "content-type": "application/json", ...headers },
        }),
        env,
      ),
    );

  const deep = `${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}`;
  const nested = JSON.stringify(later({}, { providerOptions: { resend: { deep: "here" } } })).replace('"here"', deep);

  it.each<[string, BodyInit, Record<string, string>, number]>([
    ["is no JSON", "{", {}, 400],
    ["is empty", "", {}, 400],
    ["is no UTF-8", new Uint8Array([0x22, 0xc3, 0x28, 0x22]), {}, 400],
    ["is UTF-16", new Uint8Array([0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]), {}, 400],
    ["is a form", "to=a", { "content-type": "application/x-www-form-urlencoded" }, 415],
    ["says nothing of its type", "{}", { "content-type": "" }, 415],
    ["is nested without end", `${"[".repeat(200_000)}${"]".repeat(200_000)}`, {}, 400],
    ["is nested without end in its content", nested, {}, 400],
  ])("because it %s ends with a problem and writes nothing", async (_, body, headers, status) => {
    const before = await everything();
    await problemOf(await post(body, headers), status);
    expect(await everything()).toBe(before);
  });

  it("is too large: as it says, as it lies, or as it goes on", async () => {
    const before = await everything();
    const large = JSON.stringify(later({}, { html: "x".repeat(12_000_001) }));
    await problemOf(await post(large), 413);
    await problemOf(await post("{}", { "content-length": "12000001" }), 413);
    await problemOf(await post(large, { "content-length": "2" }), 413);
    let pulled = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        pulled += 1;
        controller.enqueue(new Uint8Array(1_000_000).fill(32));
      },
    });
    await problemOf(await post(endless), 413);
    expect(pulled).toBeLessThan(20);
    expect(await everything()).toBe(before);
  });
});

describe("paths and ids", () => {
  it.each([
    "/v1/messages/nonsense",
    "/v1/messages/msg_00",
    `/v1/messages/msg_${"0".repeat(34)}`,
    `/v1/messages/msg_ff${"0".repeat(32)}`,
    `/v1/messages/ntf_00${"0".repeat(32)}`,
    `/v1/messages/MSG_00${"0".repeat(32)}`,
    `/v1/notifications/msg_00${"0".repeat(32)}`,
    `/v1/notifications/ntf_10${"0".repeat(32)}`,
    "/v1/nothing",
    "/",
  ])("%s is not found", async (path) => {
    expect((await problemOf(await call("GET", path), 404)).type).toBe("/problems/not-found");
  });

  it("an id of another kind, or of a shard that does not exist, touches no shard", async () => {
    const none = { ...env, LEDGER: undefined } as unknown as typeof env;
    const { id, messages } = await accept(later());
    const headers = { authorization: `Bearer ${env.ADMIN_API_KEY}` };
    for (const path of [`messages/${id}`, `notifications/${messages[0]!.id}`, `messages/msg_10${"0".repeat(32)}`]) {
      const response = await app.fetch(new Request(`https://carillon.test/v1/${path}`, { headers }), none);
      await problemOf(response, 404);
    }
  });

  it("a webhook of an unknown provider is not found", async () => {
    await problemOf(await call("POST", "/v1/webhooks/pigeon", { key: "", body: {} }), 404);
  });
});

describe("lists", () => {
  it("page over all shards, newest first, without gaps or repeats", async () => {
    const accepted: string[] = [];
    for (let round = 0; round < 8; round++) {
      const body = { notifications: [later({ to: ["a@simulator.test", "b@simulator.test"] }), later()] };
      const response = await call("POST", "/v1/notifications/batch", { body });
      const { notifications } = await response.json<{ notifications: { messages: { id: string }[] }[] }>();
      accepted.push(...notifications.flatMap(({ messages }) => messages.map(({ id }) => id)));
    }
    const seen: { id: string; acceptedAt: string; sendAt: string }[] = [];
    let cursor: string | undefined;
    do {
      const page = await call("GET", `/v1/messages?limit=5${cursor === undefined ? "" : `&cursor=${cursor}`}`);
      const found = await page.json<{ messages: typeof seen; nextCursor?: string }>();
      expect(found.messages.length).toBeLessThanOrEqual(5);
      seen.push(...found.messages);
      cursor = found.nextCursor;
    } while (cursor !== undefined);
    const ids = seen.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(expect.arrayContaining(accepted));
    expect(new Set(accepted.map((id) => id.slice(4, 6))).size).toBeGreaterThan(1);
    expect(seen.map(({ acceptedAt }) => acceptedAt)).toEqual(
      seen
        .map(({ acceptedAt }) => acceptedAt)
        .toSorted()
        .toReversed(),
    );
  });

  it.each(["limit=0", "limit=201", "limit=x", "limit=-1", "limit=1e2", "cursor=x", "cursor="])(
    "refuse %s",
    async (query) => {
      const field = query.slice(0, query.indexOf("="));
      for (const list of ["messages", "suppressions"]) {
        const problem = await problemOf(await call("GET", `/v1/${list}?${query}`), 422);
        expect(problem.errors?.[0]?.field).toBe(field);
      }
    },
  );
});

describe("suppressions", () => {
  const put = (address: unknown, channel = "email"): Promise<Response> =>
    call("PUT", "/v1/suppressions", { body: { channel, address } });
  const remove = (address: unknown): Promise<Response> =>
    call("DELETE", "/v1/suppressions", { body: { channel: "email", address } });

  it("are put, listed in pages, and removed, by the address in any spelling", async () => {
    for (let n = 0; n < 5; n++) expect((await put(`s${n}@simulator.test`)).status).toBe(200);
    const stored = await (await put("S0@SIMULATOR.test")).json<{ reason: string }>();
    expect(stored).toMatchObject({ channel: "email", reason: "manual" });
    expect(JSON.stringify(stored)).not.toContain("s0@");

    const addresses: unknown[] = [];
    let cursor: string | undefined;
    do {
      const page = await call("GET", `/v1/suppressions?limit=2${cursor === undefined ? "" : `&cursor=${cursor}`}`);
      const found = await page.json<{ suppressions: { address: string }[]; nextCursor?: string }>();
      addresses.push(...found.suppressions);
      cursor = found.nextCursor;
    } while (cursor !== undefined);
    expect(addresses).toHaveLength(5);

    expect((await remove("s0@simulator.TEST")).status).toBe(204);
    await problemOf(await remove("s0@simulator.test"), 404);
    expect((await put("s0@simulator.test")).status, "put back at once").toBe(200);
  });

  it.each<[string, object, string]>([
    ["a bad address", { channel: "email", address: "nobody" }, "address"],
    ["an unknown channel", { channel: "fax", address: "a@b.example" }, "channel"],
    ["an unknown field", { channel: "email", address: "a@b.example", reason: "x" }, "reason"],
    ["no address", { channel: "email" }, "address"],
  ])("refuse %s", async (_, body, field) => {
    for (const method of ["PUT", "DELETE"]) {
      const problem = await problemOf(await call(method, "/v1/suppressions", { body }), 422);
      expect(problem.errors?.[0]?.field).toBe(field);
    }
  });
});
