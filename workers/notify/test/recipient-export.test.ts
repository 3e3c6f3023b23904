import { describe, expect, it } from "vitest";
import { keyWith, newRecipient, newRecipientId, tokenOf } from "./recipients.ts";
import { accept, call, email, untilStatus } from "./service.ts";

interface ExportBody {
  readonly recipient?: { readonly id: string; readonly data: object; readonly addresses: object };
  readonly preferences?: object;
  readonly devices?: readonly { readonly channel: string; readonly address: object }[];
  readonly topics?: readonly { readonly id: string }[];
  readonly suppressions?: readonly { readonly address: string; readonly reason: string }[];
  readonly messages: readonly {
    readonly id: string;
    readonly status: string;
    readonly address: unknown;
    readonly timeline: readonly object[];
    readonly reported: readonly object[];
  }[];
  readonly nextCursor?: string;
}

async function page(id: string, query = ""): Promise<ExportBody> {
  const response = await call("GET", `/v1/recipients/${id}/export${query}`);
  expect(response.status).toBe(200);
  expect(response.headers.get("cache-control")).toBe("no-store");
  return response.json();
}

let count = 0;
const newEmail = (): string => `delivered+export${(count += 1)}@simulator.test`;

describe("an export", () => {
  it("has all that is known of somebody", async () => {
    const mail = newEmail();
    const id = await newRecipient({ addresses: { email: mail }, data: { plan: "pro" } });
    const token = `delivered-export-${id}`;
    await call("PUT", `/v1/recipients/${id}/devices`, { body: { token } });
    await call("PUT", `/v1/recipients/${id}/preferences`, { body: { preferences: { marketing: { wanted: false } } } });
    await call("PUT", `/v1/topics/news-${id}`, { body: { title: "News", open: true } });
    expect((await call("PUT", `/v1/topics/news-${id}/members/${id}`)).status).toBeLessThan(300);
    const [named] = (await accept(email({ recipient: id }))).messages;
    const [addressed] = (await accept(email(mail))).messages;
    const [pushed] = (await accept({ channel: "fcm", to: { recipient: id }, content: { title: "x" } })).messages;
    await accept(email(newEmail()));
    await untilStatus(named!.id, "delivered");
    await untilStatus(addressed!.id, "delivered");
    await untilStatus(pushed!.id, "sent");
    await call("PUT", "/v1/suppressions", { body: { channel: "email", address: mail } });
    const body = await page(id);
    expect(body.recipient).toMatchObject({
      id,
      data: { plan: "pro" },
      addresses: { email: [{ address: mail, preferred: true }] },
    });
    expect(body.preferences).toEqual({ marketing: { wanted: false } });
    expect(body.devices).toMatchObject([{ channel: "fcm", address: { token } }]);
    expect(body.topics).toMatchObject([{ id: `news-${id}` }]);
    expect(body.suppressions).toMatchObject([{ address: mail, reason: "manual" }]);
    expect(body.messages.map((one) => one.id).toSorted()).toEqual([named!.id, addressed!.id, pushed!.id].toSorted());
    const mine = body.messages.find((one) => one.id === named!.id)!;
    expect(mine).toMatchObject({ status: "delivered", address: mail });
    expect(mine.timeline.length).toBeGreaterThan(2);
    expect(JSON.stringify(mine.reported)).toContain(mail);
    expect(body.nextCursor).toBeUndefined();
  });

  it("has the messages page by page, each once, the newest first", async () => {
    const id = await newRecipient({ addresses: { email: newEmail() } });
    const ids: string[] = [];
    const sendAt = new Date(Date.now() + 3_600_000).toISOString();
    for (let index = 0; index < 7; index++) {
      const { messages } = await accept(email({ recipient: id }, { sendAt }));
      ids.push(messages[0]!.id);
    }
    const found: string[] = [];
    for (let cursor: string | undefined = ""; cursor !== undefined;) {
      const body: ExportBody = await page(id, `?limit=2${cursor === "" ? "" : `&cursor=${cursor}`}`);
      expect(body.messages.length).toBeLessThanOrEqual(2);
      expect(body.recipient === undefined).toBe(cursor !== "");
      found.push(...body.messages.map((one) => one.id));
      cursor = body.nextCursor;
    }
    expect(
      found
        .map((one) => one.slice(6))
        .toSorted()
        .toReversed(),
    ).toEqual(found.map((one) => one.slice(6)));
    expect(found.toSorted()).toEqual(ids.toSorted());
  });

  it("is for admin alone, of somebody that there is, from a cursor that is one", async () => {
    const id = await newRecipient();
    const path = `/v1/recipients/${id}/export`;
    expect((await call("GET", path, { key: await keyWith("read", "send") })).status).toBe(403);
    expect((await call("GET", path, { key: await tokenOf(id) })).status).toBe(401);
    expect((await call("GET", `${path}?cursor=x`)).status).toBe(422);
    expect((await call("GET", `/v1/recipients/${newRecipientId()}/export`)).status).toBe(404);
  });
});
