import { describe, expect, it } from "vitest";
import { trimTopics } from "../src/directory/topics.ts";
import { browser, putSubscription } from "./devices.ts";
import { allowedOrigin, fieldsOf, keyWith, newRecipient, newRecipientId, tokenOf } from "./recipients.ts";
import { call, env } from "./service.ts";
import { member, newTopic } from "./topics.ts";

async function topic(id: string): Promise<{ members: number; open: boolean; title: string }> {
  return (await call("GET", `/v1/topics/${id}`)).json();
}

async function membersOf(
  id: string,
  query = "",
): Promise<{ members: { recipient: string; device?: string }[]; nextCursor?: string }> {
  return (await call("GET", `/v1/topics/${id}/members${query}`)).json();
}

describe("a topic", () => {
  it("is made, changed, listed and removed", async () => {
    const id = newRecipientId();
    const put = (body: object): Promise<Response> => call("PUT", `/v1/topics/${id}`, { body });
    expect((await put({ title: "News" })).status).toBe(201);
    expect(await topic(id)).toMatchObject({ id, title: "News", open: false, members: 0 });
    expect((await put({ title: "More news", open: true })).status).toBe(200);
    expect(await topic(id)).toMatchObject({ title: "More news", open: true });
    const listed: { topics: { id: string }[] } = await (await call("GET", "/v1/topics?limit=200")).json();
    expect(listed.topics.map((one) => one.id)).toContain(id);
    expect((await call("DELETE", `/v1/topics/${id}`)).status).toBe(204);
    expect((await call("GET", `/v1/topics/${id}`)).status).toBe(404);
    expect((await call("DELETE", `/v1/topics/${id}`)).status).toBe(404);
  });

  it("loses its members in turns, and comes back once they are gone", async () => {
    const id = await newTopic();
    await env.DB.prepare(
      "INSERT INTO topic_member (topic, recipient, device, joined_at) SELECT ?1, 'r' || value, '', 1 FROM json_each(?2)",
    )
      .bind(id, JSON.stringify(Array.from({ length: 1_500 }, (_, index) => index)))
      .run();
    expect((await topic(id)).members).toBe(1_500);
    await call("DELETE", `/v1/topics/${id}`);
    const again = await call("PUT", `/v1/topics/${id}`, { body: {} });
    expect(again.status).toBe(409);
    expect(await again.json()).toMatchObject({ type: "/problems/being-removed" });
    expect((await member(id, newRecipientId())).status).toBe(404);
    await trimTopics(env.DB);
    expect((await call("PUT", `/v1/topics/${id}`, { body: {} })).status).toBe(201);
    expect((await topic(id)).members).toBe(0);
  });

  it.each<[string, string, unknown, string]>([
    ["an id with a slash", "a%2Fb", {}, "topic"],
    ["an id that is too long", "x".repeat(129), {}, "topic"],
    ["a title that is no text", "ok", { title: 7 }, "title"],
    ["an empty title", "ok", { title: "" }, "title"],
    ["an unknown field", "ok", { color: "red" }, "color"],
    ["open that is neither", "ok", { open: "yes" }, "open"],
  ])("with %s is refused", async (_, id, body, field) => {
    expect(await fieldsOf(await call("PUT", `/v1/topics/${id}`, { body }))).toEqual([field]);
  });
});

describe("a member", () => {
  it("joins once, is listed page by page, and leaves", async () => {
    const id = await newTopic();
    const people = Array.from({ length: 3 }, newRecipientId).toSorted();
    for (const one of people) expect((await member(id, one)).status).toBe(201);
    expect((await member(id, people[0]!)).status).toBe(200);
    expect((await topic(id)).members).toBe(3);
    const first = await membersOf(id, "?limit=2");
    const second = await membersOf(id, `?limit=2&cursor=${first.nextCursor}`);
    expect([...first.members, ...second.members].map(({ recipient }) => recipient)).toEqual(people);
    expect(second.nextCursor).toBeUndefined();
    expect((await member(id, people[1]!, "DELETE")).status).toBe(204);
    expect((await member(id, people[1]!, "DELETE")).status).toBe(204);
    expect((await topic(id)).members).toBe(2);
    // Whoever joins is a recipient.
    expect((await call("GET", `/v1/recipients/${people[0]!}`)).status).toBe(200);
  });

  it("may be one device alone, and leaves with it", async () => {
    const [id, ada] = [await newTopic(), newRecipientId()];
    const subscription = await browser();
    const { id: device } = await (await putSubscription(ada, subscription)).json<{ id: string }>();
    expect((await member(id, ada, "PUT", { device })).status).toBe(201);
    expect((await member(id, ada)).status).toBe(201);
    expect((await membersOf(id)).members).toMatchObject([{ recipient: ada }, { recipient: ada, device }]);
    expect((await member(id, ada, "DELETE", { device })).status).toBe(204);
    expect((await membersOf(id)).members).toMatchObject([{ recipient: ada }]);
    await member(id, ada, "PUT", { device });
    // It is somebody else's now.
    await putSubscription(newRecipientId(), subscription);
    expect((await membersOf(id)).members.map((one) => one.device)).toEqual([undefined]);
    expect((await topic(id)).members).toBe(1);
  });

  it("stays one when the device is registered again by who has it", async () => {
    const [id, ada, subscription] = [await newTopic(), newRecipientId(), await browser()];
    const { id: device } = await (await putSubscription(ada, subscription)).json<{ id: string }>();
    await member(id, ada, "PUT", { device });
    // A browser registers at every visit, and one visit a day is written down.
    await env.DB.prepare("UPDATE device SET seen_at = 1 WHERE id = ?1").bind(device).run();
    expect((await putSubscription(ada, subscription)).status).toBe(200);
    expect((await membersOf(id)).members).toMatchObject([{ recipient: ada, device }]);
  });

  it("joins without a body, however that is said", async () => {
    const [id, ada] = [await newTopic(), newRecipientId()];
    const joined = await call("PUT", `/v1/topics/${id}/members/${ada}`, { headers: { "content-length": "0" } });
    expect(joined.status).toBe(201);
    const empty = await call("PUT", `/v1/topics/${id}/members/${ada}`, {
      body: "",
      headers: { "content-type": "text/plain" },
    });
    expect(empty.status).toBe(200);
  });

  it("joins and leaves with their own token what is open, from an allowed page", async () => {
    const [open, closed, ada, bob] = [
      await newTopic({ open: true }),
      await newTopic(),
      newRecipientId(),
      newRecipientId(),
    ];
    const asked = async (method: string, id: string, whose: string): Promise<Response> =>
      call(method, `/v1/topics/${id}/members/${ada}`, {
        key: await tokenOf(whose),
        headers: { origin: allowedOrigin },
      });
    const joined = await asked("PUT", open, ada);
    expect(joined.status).toBe(201);
    expect(joined.headers.get("access-control-allow-origin")).toBe(allowedOrigin);
    expect((await asked("PUT", closed, ada)).status).toBe(403);
    expect((await asked("PUT", open, bob)).status).toBe(403);
    expect((await asked("DELETE", open, bob)).status).toBe(403);
    const mine = await call("GET", `/v1/recipients/${ada}/topics`, { key: await tokenOf(ada) });
    expect(await mine.json()).toMatchObject({ topics: [{ id: open }] });
    expect((await call("GET", `/v1/recipients/${ada}/topics`, { key: await tokenOf(bob) })).status).toBe(403);
    expect((await asked("DELETE", open, ada)).status).toBe(204);
    // Put there by the app, they may leave all the same.
    await member(closed, ada);
    expect((await asked("DELETE", closed, ada)).status).toBe(204);
    expect((await topic(closed)).members).toBe(0);
  });

  it("is refused where there is no such topic, device or person, or the key may not", async () => {
    const [id, ada] = [await newTopic(), await newRecipient()];
    expect((await member("nowhere", ada)).status).toBe(404);
    expect(await fieldsOf(await member(id, "a%20b"))).toEqual(["id"]);
    expect(await fieldsOf(await member(id, ada, "PUT", { device: "mine" }))).toEqual(["device"]);
    expect(await fieldsOf(await member(id, ada, "PUT", { device: `dev_${"0".repeat(32)}` }))).toEqual(["device"]);
    expect(await fieldsOf(await member(id, ada, "PUT", { phone: 1 }))).toEqual(["phone"]);
    const reader = await keyWith("read");
    expect((await call("PUT", `/v1/topics/${id}/members/${ada}`, { key: reader })).status).toBe(403);
    expect((await call("PUT", `/v1/topics/${id}`, { key: reader, body: {} })).status).toBe(403);
    expect(await fieldsOf(await call("GET", `/v1/topics/${id}/members?cursor=x`))).toEqual(["cursor"]);
    expect(await fieldsOf(await call("GET", `/v1/topics?cursor=%20`))).toEqual(["cursor"]);
    await env.DB.prepare("INSERT INTO erasure (id, recipient, addresses, requested_at) VALUES (?1, ?1, '[]', 1)")
      .bind("being_erased")
      .run();
    expect((await member(id, "being_erased")).status).toBe(409);
    expect((await topic(id)).members).toBe(0);
  });

  it("who is deleted is a member of nothing", async () => {
    const [id, ada] = [await newTopic(), await newRecipient()];
    await member(id, ada);
    await env.DB.prepare("DELETE FROM recipient WHERE id = ?").bind(ada).run();
    expect((await membersOf(id)).members).toEqual([]);
    expect((await topic(id)).members).toBe(0);
  });
});
