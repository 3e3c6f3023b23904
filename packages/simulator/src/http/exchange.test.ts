import { describe, expect, test } from "vitest";
import type { AcceptedMessage, SlackContent } from "../message.ts";
import type { ApiRequest, Handled, Known, Route } from "../route.ts";
import { createSimulator, type Simulator, type SimulatorOptions } from "../simulator.ts";
import { get, receiver } from "../test/calls.ts";
import { readForm } from "../wire/form.ts";

const slack = (text: string): SlackContent => ({ kind: "slack", target: "C1", text, blocks: [] });
const message = (more: Partial<AcceptedMessage> = {}): AcceptedMessage => ({
  providerMessageId: "p1",
  content: slack("Hi"),
  metadata: {},
  tags: [],
  recipients: ["C1"],
  ...more,
});
const taken = (...messages: readonly AcceptedMessage[]): Handled => ({ answer: { status: 200 }, messages });

/** A simulator of one provider, which answers as `handle` says. */
function simulatorOf(
  handle: (request: ApiRequest, known: Known) => Handled | Promise<Handled>,
  more: Partial<Route> = {},
  options: SimulatorOptions = {},
): Simulator {
  const route: Route = {
    id: "acme",
    name: "Acme",
    hosts: ["api.acme.example"],
    secretHeaders: ["authorization"],
    handle,
    rateLimited: () => ({ status: 429 }),
    unavailable: () => ({ status: 503 }),
    ...more,
  };
  return createSimulator({ ...options, routes: [route] });
}

const call = (simulator: Simulator, init: RequestInit = {}, path = "/send?x=1"): Promise<Response> =>
  simulator.fetch(`http://localhost/api.acme.example${path}`, { method: "POST", ...init });

const webhook: Route["webhook"] = {
  newEventId: () => "e1",
  payload: ({ type, recipient }) => ({ MessageStatus: type, To: recipient }),
  maxEvents: 1,
  sign: ({ payloads, url }) =>
    Promise.resolve({
      body: new TextEncoder().encode(new URLSearchParams(payloads[0] as Record<string, string>).toString()),
      headers: { "content-type": "application/x-www-form-urlencoded", "x-signed-url": url },
    }),
  retries: () => false,
};

describe("a request", () => {
  test("reaches its route as bytes, text, URL, host and path; the route may take its time", async () => {
    const seen: ApiRequest[] = [];
    const simulator = simulatorOf(async (request) => {
      await new Promise((resolve) => setTimeout(resolve));
      seen.push(request);
      return taken(message());
    });
    const bytes = Uint8Array.of(0x00, 0xff, 0xfe, 0x41);
    expect((await call(simulator, { body: bytes })).status).toBe(200);
    expect(seen[0]).toMatchObject({
      bytes,
      body: "\0\ufffd\ufffdA",
      json: undefined,
      host: "api.acme.example",
      path: "/send",
      url: "http://localhost/api.acme.example/send?x=1",
    });
  });

  test("is kept in base64 when its body is no text, and as it is when it is", async () => {
    const simulator = simulatorOf(() => taken(message()));
    await call(simulator, { body: Uint8Array.of(0xff, 0x00) });
    await call(simulator, { body: "ä" });
    expect(simulator.store.message("1")?.request).toMatchObject({ body: "/wA=", bodyEncoding: "base64" });
    const text = simulator.store.message("2")?.request;
    expect([text?.body, text?.bodyEncoding]).toEqual(["ä", undefined]);
    const page = await simulator.fetch("http://localhost/messages/1");
    expect(await page.text()).toContain("(bytes, in base64)\n/wA=");
  });

  test("is kept without what is secret in its path", async () => {
    const secretPath = /(?<=\/webhooks\/\d+\/)[^/?]+/;
    const simulator = simulatorOf((request) => (request.method === "POST" ? taken(message()) : taken()), {
      secretPath,
    });
    await call(simulator, {}, "/webhooks/12/t0ken?wait=true");
    await call(simulator, { method: "DELETE" }, "/webhooks/12/t0ken/messages/1");
    expect(simulator.store.message("1")?.request.url).toMatch(/\/webhooks\/12\/•+\?wait=true$/);
    const kept = await Promise.all([get(simulator, "/api/messages/1"), get(simulator, "/api/requests")]);
    const pages = ["/", "/messages/1"].map((path) => simulator.fetch(`http://localhost${path}`));
    const texts = await Promise.all((await Promise.all(pages)).map((response) => response.text()));
    expect(JSON.stringify(kept) + texts.join("")).not.toContain("t0ken");
  });

  test("with the same key and other bytes does not match, be they JSON or not", async () => {
    const idempotency = {
      rememberedForMs: 1_000,
      mismatch: () => ({ status: 409 }),
      concurrent: () => ({ status: 425 }),
    };
    const simulator = simulatorOf(() => ({ ...taken(message()), idempotencyKey: "k" }), { idempotency });
    const statuses: number[] = [];
    for (const body of [Uint8Array.of(0xff), Uint8Array.of(0xff), Uint8Array.of(0xfe)]) {
      statuses.push((await call(simulator, { body })).status);
    }
    expect(statuses).toEqual([200, 200, 409]);
    expect(simulator.store.messages({}, 10).items).toHaveLength(1);
  });

  test.each([
    [
      "multipart",
      (): RequestInit => {
        const form = new FormData();
        form.append("to", "a@example.com");
        form.append("to", "b@example.com");
        form.append("file", new File([Uint8Array.of(0xff)], "a.bin", { type: "application/x-a" }));
        return { body: form };
      },
      ["to=a@example.com", "to=b@example.com", "file=a.bin application/x-a 1"],
    ],
    ["URL-encoded", (): RequestInit => ({ body: new URLSearchParams("a=1+2&a=%C3%A4") }), ["a=1 2", "a=ä"]],
    ["neither", (): RequestInit => ({ body: "{}" }), undefined],
    [
      "cut multipart",
      (): RequestInit => ({
        body: "--x\r\ncontent-disp",
        headers: { "content-type": "multipart/form-data; boundary=x" },
      }),
      undefined,
    ],
  ])("is read as a form: %s", async (_, init, expected) => {
    let fields: unknown;
    const simulator = simulatorOf(async (request) => {
      const form = await readForm(request);
      fields = form?.map(([name, value]) =>
        typeof value === "string" ? `${name}=${value}` : `${name}=${value.name} ${value.type} ${value.size}`,
      );
      return taken();
    });
    await call(simulator, init());
    expect(fields).toEqual(expected);
  });
});

describe("a request without messages", () => {
  test("is kept with its answer's status and shown on the inbox, newest first", async () => {
    const simulator = simulatorOf(({ path }) =>
      path === "/token"
        ? { answer: { status: 200 }, messages: [], note: "Access <token>" }
        : { answer: { status: 401 }, messages: [] },
    );
    await call(simulator, { headers: { authorization: "Bearer s3cret" }, body: "grant" }, "/token");
    await call(simulator, {}, "/send");
    const { items } = (await get(simulator, "/api/requests")).json;
    expect(items).toMatchObject([
      { provider: "acme", status: 401, method: "POST" },
      { status: 200, note: "Access <token>", body: "grant" },
    ]);
    expect(JSON.stringify(items)).not.toContain("s3cret");
    const inbox = await (await simulator.fetch("http://localhost/")).text();
    for (const part of ["Other requests", "Access &lt;token&gt;", "POST /api.acme.example/send"]) {
      expect(inbox).toContain(part);
    }
    expect(simulator.store.messages({}, 10).items).toEqual([]);
  });

  test("is forgotten when a fault answers instead, or two hundred newer ones came", async () => {
    const simulator = simulatorOf(() => ({ answer: { status: 404 }, messages: [] }));
    simulator.store.addFault({ kind: "unavailable", times: 1 });
    for (let count = 0; count <= 201; count += 1) await call(simulator, {}, `/${count}`);
    const { items } = simulator.store.otherRequests(500);
    expect(items).toHaveLength(200);
    expect(items.at(-1)?.url).toMatch(/\/2$/);
  });
});

describe("an edit", () => {
  const handle = (request: ApiRequest, known: Known): Handled => {
    if (request.path === "/send") return taken(message({ content: slack(request.body) }));
    const before = known.message(request.path.slice(1));
    if (!before || before.deletedAtMs !== undefined) return { answer: { status: 404 }, messages: [] };
    const { providerMessageId } = before;
    return request.method === "DELETE"
      ? { answer: { status: 204 }, messages: [], edits: [{ providerMessageId, deleted: true }] }
      : { answer: { status: 200 }, messages: [], edits: [{ providerMessageId, content: slack(request.body) }] };
  };

  test("changes what a message says, and its page shows both", async () => {
    const simulator = simulatorOf(handle);
    await call(simulator, { body: "first <1>" });
    expect((await call(simulator, { body: "second" }, "/p1")).status).toBe(200);
    expect((await call(simulator, { body: "x" }, "/p2")).status).toBe(404);
    expect((await get(simulator, "/api/messages/1")).json).toMatchObject({
      title: "second",
      content: { text: "second" },
      earlier: [{ content: { text: "first <1>" } }],
    });
    const page = await (await simulator.fetch("http://localhost/messages/1")).text();
    expect(page).toContain("Edited ");
    expect(page).toMatch(/Before the edit at [\s\S]*first /);
    const inbox = await (await simulator.fetch("http://localhost/")).text();
    expect(inbox).toContain('<span class="chip">edited</span>');
  });

  test("may be a deletion, after which the message is shown as deleted and known as such", async () => {
    const simulator = simulatorOf(handle);
    await call(simulator, { body: "first" });
    expect((await call(simulator, { method: "DELETE" }, "/p1")).status).toBe(204);
    expect((await call(simulator, { method: "DELETE" }, "/p1")).status).toBe(404);
    expect(simulator.store.message("1")).toMatchObject({ content: { text: "first" }, deletedAtMs: expect.any(Number) });
    expect(await (await simulator.fetch("http://localhost/messages/1")).text()).toContain("Deleted ");
    expect(await (await simulator.fetch("http://localhost/")).text()).toContain("deleted</span>");
  });
});

describe("webhooks", () => {
  test.each([
    ["at the receiver", "http://app:80/hooks?m=1", "http://app/hooks?m=1"],
    ["at a stranger", "https://stranger.example/hooks", "http://app/v1/webhooks/acme"],
    ["at the same host, on another port", "http://app:81/hooks", "http://app/v1/webhooks/acme"],
    ["that is none", "hooks", "http://app/v1/webhooks/acme"],
    ["not given", undefined, "http://app/v1/webhooks/acme"],
  ])("to a URL of the message's own: %s", async (_, webhookUrl, url) => {
    const { received, deliver } = receiver();
    const options = { webhookTarget: "http://app", deliver };
    const simulator = simulatorOf(() => taken(message({ webhookUrl })), { webhook }, options);
    await call(simulator);
    await simulator.settle();
    expect(received.map((one) => [one.url, one.headers.get("x-signed-url"), one.body])).toEqual([
      [url, url, "MessageStatus=sent&To=C1"],
      [url, url, "MessageStatus=delivered&To=C1"],
    ]);
  });

  test("to a URL of the message's own are not sent while nobody is configured to receive them", async () => {
    const deliver = (): Promise<Response> => Promise.reject(new Error("called"));
    const handled = taken(message({ webhookUrl: "http://app/hooks" }));
    const simulator = simulatorOf(() => handled, { webhook }, { deliver });
    await call(simulator);
    expect(await simulator.settle()).toBe(0);
  });

  test("follow the outcome that the route chose", async () => {
    const simulator = simulatorOf(() => taken(message({ outcome: ["failed"] })), { webhook });
    await call(simulator);
    expect(simulator.store.webhooks({}, 10).items.map(({ event }) => event.type)).toEqual(["failed"]);
  });

  test("there are none where a provider has none, asked for or not", async () => {
    const { received, deliver } = receiver();
    const simulator = simulatorOf(() => taken(message()), {}, { webhookTarget: "http://app", deliver });
    await call(simulator);
    const asked = await simulator.fetch("http://localhost/api/webhooks/send", {
      method: "POST",
      body: JSON.stringify({ message: "p1", event: "bounced" }),
    });
    expect(asked.status).toBe(404);
    await simulator.settle();
    expect(received).toEqual([]);
  });
});

test("recipients are found and struck by faults in any case", async () => {
  const simulator = simulatorOf(() => taken(message({ recipients: ["Token-ABC"] })));
  await call(simulator);
  expect((await get(simulator, "/api/messages?recipient=TOKEN-a")).json.items).toHaveLength(1);
  expect((await get(simulator, "/api/messages?channel=slack")).json.items).toHaveLength(1);
  expect((await get(simulator, "/api/messages?channel=sms")).json.items).toHaveLength(0);
  simulator.store.addFault({ kind: "unavailable", recipient: "token-abc" });
  expect((await call(simulator)).status).toBe(503);
});

describe("a route's rate", () => {
  const rate: Route["rate"] = {
    limit: 2,
    windowMs: 1_500,
    of: ({ path }) => (path.startsWith("/free") ? undefined : path),
  };
  const rateLimited: Route["rateLimited"] = (seconds) => ({ status: 429, body: { seconds } });

  test("holds when the settings say so, for each thing that the route counts", async () => {
    let now = 1_000_000;
    const simulator = simulatorOf(() => taken(message()), { rate, rateLimited }, { now: () => new Date(now) });
    const settings = JSON.stringify({ providers: { acme: { rateLimits: true } } });
    await simulator.fetch("http://localhost/api/settings", { method: "PUT", body: settings });
    const statuses = async (path: string): Promise<number[]> => {
      const answers = [
        await call(simulator, {}, path),
        await call(simulator, {}, path),
        await call(simulator, {}, path),
      ];
      return answers.map(({ status }) => status);
    };
    expect(await statuses("/a")).toEqual([200, 200, 429]);
    expect(await statuses("/b")).toEqual([200, 200, 429]);
    expect(await statuses("/free")).toEqual([200, 200, 200]);
    now += 200;
    expect(await (await call(simulator, {}, "/a")).json()).toEqual({ seconds: 2 });
    now += 1_300;
    expect(await statuses("/a")).toEqual([200, 200, 429]);
    expect(simulator.store.messages({}, 50).items).toHaveLength(9);
  });

  test("does not hold otherwise", async () => {
    const simulator = simulatorOf(() => taken(message()), { rate, rateLimited });
    for (let count = 0; count < 5; count += 1) expect((await call(simulator, {}, "/a")).status).toBe(200);
  });
});

test("a fault happens to its share of the requests, and is counted down only then", async () => {
  const draws = [0.5, 0.09, 0.1, 0.95, 0.01];
  const simulator = simulatorOf(() => taken(message()), {}, { random: () => draws.shift() ?? 1 });
  simulator.store.addFault({ kind: "unavailable", share: 0.1, times: 2 });
  const statuses: number[] = [];
  for (let request = 0; request < 6; request++) statuses.push((await call(simulator)).status);
  expect(statuses).toEqual([200, 503, 200, 200, 503, 200]);
  expect(draws).toEqual([]);
});
