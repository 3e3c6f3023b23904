import { describe, expect, it } from "vitest";
import { isWanted } from "../src/recipients/preferences.ts";
import { readCategories } from "../src/suppress/category.ts";
import { fieldsOf, keyWith, newRecipient, newRecipientId, tokenOf } from "./recipients.ts";
import { call } from "./service.ts";

interface PreferencesBody {
  readonly preferences: object;
  readonly categories: readonly {
    readonly name: string;
    readonly required: boolean;
    readonly wanted: Readonly<Record<string, boolean>>;
  }[];
}

const put = (id: string, preferences: unknown, key?: string): Promise<Response> =>
  call("PUT", `/v1/recipients/${id}/preferences`, { body: { preferences }, key });

describe("preferences", () => {
  it("are what was said, and what follows from it", async () => {
    const id = await newRecipient();
    const said = { marketing: { wanted: true, channels: { sms: false } }, "*": { wanted: false } };
    const response = await put(id, said, await tokenOf(id));
    expect(response.status).toBe(200);
    const body = await response.json<PreferencesBody>();
    expect(body.preferences).toEqual(said);
    const wanted = Object.fromEntries(body.categories.map((one) => [one.name, one.wanted]));
    expect(wanted).toMatchObject({
      transactional: { email: true, sms: true },
      marketing: { email: true, sms: false },
      newsletter: { email: false, sms: false },
    });
    const read = await call("GET", `/v1/recipients/${id}/preferences`);
    expect(await read.json()).toEqual(body);
  });

  it("are replaced whole", async () => {
    const id = await newRecipient();
    await put(id, { marketing: { wanted: false } });
    await put(id, { newsletter: { channels: { email: false } } });
    const read = await call("GET", `/v1/recipients/${id}/preferences`);
    expect(await read.json()).toMatchObject({ preferences: { newsletter: { channels: { email: false } } } });
    expect(((await (await put(id, {})).json()) as PreferencesBody).preferences).toEqual({});
  });

  it("may say that what is required is wanted, and nothing else of it", async () => {
    const id = await newRecipient();
    expect((await put(id, { transactional: { wanted: true, channels: { sms: true } } })).status).toBe(200);
    expect(await fieldsOf(await put(id, { transactional: { wanted: false } }))).toEqual([
      "preferences.transactional.wanted",
    ]);
    expect(await fieldsOf(await put(id, { transactional: { channels: { sms: false } } }))).toEqual([
      "preferences.transactional.channels.sms",
    ]);
  });

  it.each<[string, unknown, string]>([
    ["an unknown category", { gossip: { wanted: true } }, "preferences.gossip"],
    ["a category that is no name", { "<b>": { wanted: true } }, "preferences"],
    ["an unknown channel", { marketing: { channels: { fax: true } } }, "preferences.marketing.channels.fax"],
    ["a word that is none", { marketing: { wanted: "yes" } }, "preferences.marketing.wanted"],
    ["an unknown field", { marketing: { want: true } }, "preferences.marketing.want"],
    ["a list", [], "preferences"],
  ])("are refused with %s", async (_, preferences, field) => {
    const id = await newRecipient();
    expect(await fieldsOf(await put(id, preferences))).toEqual([field]);
  });

  it("are nobody's where there is no recipient, but for who has a token", async () => {
    const id = newRecipientId();
    expect((await put(id, {})).status).toBe(404);
    expect((await call("GET", `/v1/recipients/${id}/preferences`)).status).toBe(404);
    expect((await put(id, { marketing: { wanted: false } }, await tokenOf(id))).status).toBe(200);
    expect((await call("GET", `/v1/recipients/${id}/preferences`)).status).toBe(200);
  });

  it("are not written by who only reads", async () => {
    expect((await put(await newRecipient(), {}, await keyWith("read"))).status).toBe(403);
  });
});

describe("what somebody wants", () => {
  const categories = readCategories('{"beta":{"title":"Beta","wanted":false}}', []);
  const say = (category: string, channel: string, wanted: boolean): Parameters<typeof isWanted>[0][number] => ({
    category,
    channel,
    wanted,
  });

  it("is the deployment's word where nothing was said", () => {
    expect(isWanted([], categories, "marketing", "email")).toBe(true);
    expect(isWanted([], categories, "beta", "email")).toBe(false);
    expect(isWanted([], categories, "lost", "email")).toBe(true);
  });

  it("is the most exact word, that of the category before that of the channel", () => {
    const all = [say("*", "*", true), say("*", "email", false), say("beta", "*", true), say("beta", "email", false)];
    const answers = [1, 2, 3, 4].map((count) => isWanted(all.slice(0, count), categories, "beta", "email"));
    expect(answers).toEqual([true, false, true, false]);
  });

  it("is always what is required", () => {
    expect(isWanted([say("*", "*", false)], categories, "transactional", "email")).toBe(true);
  });
});
