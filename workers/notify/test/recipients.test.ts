import { describe, expect, it } from "vitest";
import { findRecipient, changeRecipient } from "../src/directory/recipients.ts";
import { call, env } from "./service.ts";
import { fieldsOf, keyWith, newRecipient, newRecipientId } from "./recipients.ts";

interface RecipientBody {
  readonly id: string;
  readonly locale?: string;
  readonly zone?: string;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly addresses: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;
  readonly createdAt: string;
  readonly updatedAt: string;
}

const ada = {
  addresses: {
    email: [{ email: "Ada@Simulator.test", name: "Ada" }, "ada.work@simulator.test"],
    sms: "+15005550006",
  },
  locale: "en-gb",
  zone: "Europe/London",
  data: { plan: "pro", pets: { cat: 1 } },
};

async function read(id: string, key?: string): Promise<RecipientBody> {
  const response = await call("GET", `/v1/recipients/${id}`, { key });
  expect(response.status).toBe(200);
  return response.json();
}

describe("a recipient", () => {
  it("is put with addresses, of which the first is preferred, and found as it was put", async () => {
    const id = newRecipientId();
    const response = await call("PUT", `/v1/recipients/${id}`, { body: ada });
    expect(response.status).toBe(201);
    expect(response.headers.get("location")).toBe(`/v1/recipients/${id}`);
    const made = await response.json<RecipientBody>();
    expect(made).toEqual({
      id,
      locale: "en-GB",
      zone: "Europe/London",
      data: ada.data,
      addresses: {
        email: [
          { label: "a***@simulator.test", preferred: true, address: ada.addresses.email[0] },
          { label: "a***@simulator.test", preferred: false, address: "ada.work@simulator.test" },
        ],
        sms: [{ label: "+15***06", preferred: true, address: "+15005550006" }],
      },
      createdAt: expect.any(String) as string,
      updatedAt: expect.any(String) as string,
    });
    expect(await read(id)).toEqual(made);
  });

  it("is replaced whole by another put", async () => {
    const id = await newRecipient(ada);
    const response = await call("PUT", `/v1/recipients/${id}`, { body: { addresses: { sms: "+15005550009" } } });
    expect(response.status).toBe(200);
    const found = await read(id);
    expect(found.addresses).toEqual({ sms: [{ label: "+15***09", preferred: true, address: "+15005550009" }] });
    expect([found.locale, found.zone, found.data]).toEqual([undefined, undefined, {}]);
  });

  it("is merged by a patch: what is absent stays, null takes away, a channel's list is replaced", async () => {
    const id = await newRecipient(ada);
    const body = { addresses: { email: ["new@simulator.test"] }, zone: null, data: { plan: null, pets: { dog: 2 } } };
    const response = await call("PATCH", `/v1/recipients/${id}`, { body });
    expect(response.status).toBe(200);
    const found = await read(id);
    expect(found).toMatchObject({ locale: "en-GB", data: { pets: { cat: 1, dog: 2 } } });
    expect([found.zone, found.data]).toEqual([undefined, { pets: { cat: 1, dog: 2 } }]);
    expect(found.addresses["email"]).toEqual([
      { label: "n***@simulator.test", preferred: true, address: "new@simulator.test" },
    ]);
    expect(found.addresses["sms"]).toHaveLength(1);
    await call("PATCH", `/v1/recipients/${id}`, { body: { addresses: { sms: null }, data: null, locale: null } });
    const left = await read(id);
    expect([Object.keys(left.addresses), left.data, left.locale]).toEqual([["email"], {}, undefined]);
    expect(Date.parse(left.updatedAt)).toBeGreaterThan(Date.parse(left.createdAt));
  });

  it("keeps what two patches at the same time say", async () => {
    const id = await newRecipient();
    const names = ["a", "b", "c", "d"];
    const answers = await Promise.all(
      names.map((name) => call("PATCH", `/v1/recipients/${id}`, { body: { data: { [name]: true } } })),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(Object.keys((await read(id)).data ?? {}).toSorted()).toEqual(names);
  });

  it("is not changed, addresses neither, by who read it before somebody else's change", async () => {
    const id = await newRecipient(ada);
    const stale = (await findRecipient(env.DB, id))!;
    await call("PATCH", `/v1/recipients/${id}`, { body: { zone: "UTC" } });
    const change = { locale: null, zone: null, data: "{}", channels: ["email"], addresses: [] };
    expect(await changeRecipient(env.DB, stale, change, Date.now())).toBe("overtaken");
    const found = await read(id);
    expect([found.zone, found.addresses["email"]?.length]).toEqual(["UTC", 2]);
  });

  it("has each address once", async () => {
    const id = await newRecipient({
      addresses: { email: ["a@simulator.test", "A@simulator.test", "b@simulator.test"] },
    });
    const addresses = (await read(id)).addresses["email"];
    expect(addresses?.map(({ address }) => address)).toEqual(["a@simulator.test", "b@simulator.test"]);
  });

  it("is shown to who only reads by labels, and without data", async () => {
    const id = await newRecipient(ada);
    const text = JSON.stringify(await read(id, await keyWith("read")));
    expect(text).toContain("a***@simulator.test");
    expect(text).not.toMatch(/ada@|ada\.work|5550006|plan/i);
    expect(JSON.stringify(await read(id, await keyWith("read", "send")))).toContain("ada.work@simulator.test");
  });

  it("is not there until it is put", async () => {
    const id = newRecipientId();
    expect((await call("GET", `/v1/recipients/${id}`)).status).toBe(404);
    expect((await call("PATCH", `/v1/recipients/${id}`, { body: {} })).status).toBe(404);
  });

  it("is listed by id, page by page", async () => {
    const ids: string[] = [];
    for (let count = 0; count < 5; count++) ids.push(await newRecipient(ada, `list_${crypto.randomUUID()}`));
    ids.sort();
    const found: RecipientBody[] = [];
    for (let cursor: string | undefined = "list_"; cursor !== undefined;) {
      const response: Response = await call("GET", `/v1/recipients?limit=2&cursor=${cursor}`);
      const page: { recipients: RecipientBody[]; nextCursor?: string } = await response.json();
      expect(page.recipients.length).toBeLessThanOrEqual(2);
      found.push(...page.recipients);
      cursor = page.nextCursor;
    }
    const listed = found.filter(({ id }) => id.startsWith("list_"));
    expect(listed.map(({ id }) => id)).toEqual(ids);
    expect(listed.every(({ addresses }) => addresses["email"]?.length === 2)).toBe(true);
  });
});

describe("a recipient is refused, by the field, with", () => {
  const email = (...addresses: unknown[]): object => ({ addresses: { email: addresses } });
  it.each<[string, object, string]>([
    ["an unknown field", { name: "Ada" }, "name"],
    ["an unknown channel", { addresses: { fax: "1" } }, "addresses.fax"],
    ["a push subscription among the addresses", { addresses: { webpush: {} } }, "addresses.webpush"],
    ["an address that is none", email("a@simulator.test", "nobody"), "addresses.email.1"],
    ["a single address that is none", { addresses: { sms: "0123" } }, "addresses.sms"],
    ["an envelope for an address", email(["a@simulator.test"]), "addresses.email.0"],
    ["a wrong name of an address", email({ email: "a@simulator.test", name: 5 }), "addresses.email.0.name"],
    ["eleven addresses", email(...Array.from({ length: 11 }, (_, n) => `a${n}@simulator.test`)), "addresses.email"],
    [
      "a foreign webhook",
      { addresses: { slack: { webhookUrl: "https://evil.example/x" } } },
      "addresses.slack.webhookUrl",
    ],
    ["a locale that is none", { locale: "no locale" }, "locale"],
    ["a long locale", { locale: `en-${"a".repeat(40)}` }, "locale"],
    ["a time zone that is none", { zone: "Mars/Olympus" }, "zone"],
    ["an offset for a time zone", { zone: "+02:00" }, "zone"],
    ["data that is a list", { data: [] }, "data"],
    ["data that is too large", { data: { text: "\u20ac".repeat(5_461) } }, "data"],
  ])("%s", async (_, body, field) => {
    const id = newRecipientId();
    expect(await fieldsOf(await call("PUT", `/v1/recipients/${id}`, { body }))).toContain(field);
    expect((await call("GET", `/v1/recipients/${id}`)).status).toBe(404);
    const known = await newRecipient({ data: { kept: true } });
    const before = await read(known);
    expect(await fieldsOf(await call("PATCH", `/v1/recipients/${known}`, { body }))).toContain(field);
    expect(await read(known)).toEqual(before);
  });

  it.each(["%2e%2e%2fkeys", "a%2Fb", "-a", "a%20b", "%C3%A9", "a".repeat(129)])("the id %s", async (id) => {
    for (const [method, body] of [
      ["PUT", {}],
      ["PATCH", {}],
      ["GET", undefined],
    ] as const) {
      expect(await fieldsOf(await call(method, `/v1/recipients/${id}`, { body }))).toEqual(["id"]);
    }
  });

  it("data that grows too large by patches", async () => {
    const id = await newRecipient({ data: { a: "x".repeat(10_000) } });
    const body = { data: { b: "x".repeat(10_000) } };
    expect(await fieldsOf(await call("PATCH", `/v1/recipients/${id}`, { body }))).toEqual(["data"]);
  });

  it("a body that is too large", async () => {
    const response = await call("PUT", `/v1/recipients/${newRecipientId()}`, {
      body: { data: { a: "x".repeat(140_000) } },
    });
    expect(response.status).toBe(413);
  });

  it("a key that may not: who reads does not write, who sends does not list", async () => {
    const id = newRecipientId();
    const [read, send] = [await keyWith("read"), await keyWith("send")];
    expect((await call("PUT", `/v1/recipients/${id}`, { key: read, body: {} })).status).toBe(403);
    expect((await call("PUT", `/v1/recipients/${id}`, { key: send, body: {} })).status).toBe(201);
    expect((await call("PATCH", `/v1/recipients/${id}`, { key: read, body: {} })).status).toBe(403);
    expect((await call("GET", `/v1/recipients`, { key: send })).status).toBe(403);
    expect((await call("GET", `/v1/recipients`, { key: "" })).status).toBe(401);
  });
});
