import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { recall } from "../memory.ts";
import { type FakePage, fakePage, keys, subscriptionWith } from "../test/fake-page.ts";

let page: FakePage;
/** Afresh for each test: a page's module remembers who is there. */
let sdk: typeof import("../index.ts");

beforeEach(async () => {
  page = fakePage();
  vi.resetModules();
  sdk = await import("../index.ts");
});
afterEach(() => vi.unstubAllGlobals());

const ada = { service: "https://notify.example/", recipient: "user 42", token: async () => "token-of-ada" };
const path = "/v1/recipients/user%2042/push-subscriptions";
const changes = (): unknown[] =>
  page.requests.filter(({ method }) => method !== "GET").map(({ method, body }) => [method, body]);

const codeOf = async (promise: Promise<unknown>): Promise<unknown> => {
  const error = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(sdk.PushError);
  return (error as { code: string }).code;
};

describe("subscribe", () => {
  it("asks for permission, subscribes with the service's key, and registers with the recipient's token", async () => {
    const subscription = await sdk.subscribe(ada);
    expect(page.asked).toEqual(["permission"]);
    expect(subscription.endpoint).toBe("https://push.example/1");
    expect(page.requests.at(-1)).toEqual({
      method: "PUT",
      path,
      authorization: "Bearer token-of-ada",
      body: {
        endpoint: "https://push.example/1",
        expirationTime: null,
        keys: { p256dh: "p", auth: "a" },
        applicationServerKey: keys.first,
      },
    });
    expect(new Uint8Array(subscription.options.applicationServerKey!)).toHaveLength(65);
    expect(await sdk.state()).toBe("on");
  });

  it("refuses to ask without a click, and asks nobody", async () => {
    page.isActive = false;
    expect(await codeOf(sdk.subscribe(ada))).toBe("no-user-gesture");
    expect([page.asked, page.requests]).toEqual([[], []]);
  });

  it("needs no click once permission is given, and asks where the browser does not tell of clicks", async () => {
    page.isActive = undefined;
    await sdk.subscribe(ada);
    page.isActive = false;
    await sdk.subscribe(ada);
    expect(page.asked).toEqual(["permission"]);
  });

  it.each([
    ["denied", "blocked", "blocked"],
    ["default", "dismissed", "off"],
  ] as const)("says when the person answers %s: %s", async (answer, code, stands) => {
    page.answer = answer;
    expect(await codeOf(sdk.subscribe(ada))).toBe(code);
    expect(await sdk.state()).toBe(stands);
    expect(page.requests).toEqual([]);
  });

  it("does not ask again who has said no", async () => {
    page.permission = "denied";
    expect(await codeOf(sdk.subscribe(ada))).toBe("blocked");
    expect(page.asked).toEqual([]);
  });

  it("says that the browser has no push", async () => {
    vi.stubGlobal("window", {});
    expect(await codeOf(sdk.subscribe(ada))).toBe("unsupported");
    expect(await sdk.state()).toBe("unsupported");
    expect(await sdk.sync(ada)).toBe("unsupported");
  });

  it("says that there is no service worker, in place of waiting for one", async () => {
    page.isRegistered = false;
    expect(await codeOf(sdk.subscribe(ada))).toBe("no-service-worker");
  });

  it("says how the service answered, and does not call that subscribed", async () => {
    page.statuses.push(401);
    await expect(sdk.subscribe(ada)).rejects.toMatchObject({ code: "service", status: 401 });
    expect(await sdk.state()).toBe("off");
    page.isOnline = false;
    expect(await codeOf(sdk.subscribe(ada))).toBe("service");
  });

  it("changes nothing the second time", async () => {
    await sdk.subscribe(ada);
    await sdk.subscribe(ada);
    expect(changes()).toEqual([
      ["PUT", expect.objectContaining({ endpoint: "https://push.example/1" })],
      ["PUT", expect.objectContaining({ endpoint: "https://push.example/1" })],
    ]);
  });
});

describe("sync", () => {
  it("leaves a browser alone that was never subscribed here", async () => {
    page.permission = "granted";
    page.subscription = subscriptionWith(keys.first, "https://push.example/of-others", page);
    expect(await sdk.sync(ada)).toBe("off");
    expect(page.requests).toEqual([]);
  });

  it("registers again at each visit, for who is there now", async () => {
    await sdk.subscribe(ada);
    expect(await sdk.sync({ ...ada, recipient: "grace" })).toBe("on");
    expect(page.requests.at(-1)).toMatchObject({ method: "PUT", path: "/v1/recipients/grace/push-subscriptions" });
  });

  it("subscribes again when the service's key has changed, and takes the old one back", async () => {
    await sdk.subscribe(ada);
    page.publicKey = keys.second;
    expect(await sdk.sync(ada)).toBe("on");
    expect(changes().slice(1)).toEqual([
      ["PUT", expect.objectContaining({ endpoint: "https://push.example/2", applicationServerKey: keys.second })],
      ["DELETE", { endpoint: "https://push.example/1" }],
    ]);
    expect(await recall()).toMatchObject({ publicKey: keys.second, endpoint: "https://push.example/2" });
  });

  it("subscribes again when the browser has lost its subscription", async () => {
    await sdk.subscribe(ada);
    page.subscription = null;
    expect(await sdk.state()).toBe("off");
    expect(await sdk.sync(ada)).toBe("on");
  });

  it("asks nobody whose permission is gone", async () => {
    await sdk.subscribe(ada);
    page.permission = "default";
    expect(await sdk.sync(ada)).toBe("off");
    expect(page.asked).toHaveLength(1);
  });

  it("registers what the service worker has subscribed anew, once, with the token of who is there", async () => {
    await sdk.subscribe(ada);
    await sdk.sync({ ...ada, token: () => "later" });
    const before = page.requests.length;
    page.say("something else");
    page.say("carillon:subscription-changed");
    await vi.waitFor(() => expect(page.requests.length).toBe(before + 2));
    expect(page.requests.at(-1)).toMatchObject({ method: "PUT", authorization: "Bearer later" });
  });
});

describe("unsubscribe", () => {
  it("ends the subscription here and there, and sync does not bring it back", async () => {
    await sdk.subscribe(ada);
    await sdk.unsubscribe(ada);
    expect(page.subscription).toBeNull();
    expect(changes().at(-1)).toEqual(["DELETE", { endpoint: "https://push.example/1" }]);
    expect(await sdk.sync(ada)).toBe("off");
  });

  it("does what the person wants although the service is down, and says that it was not told", async () => {
    await sdk.subscribe(ada);
    page.isOnline = false;
    expect(await codeOf(sdk.unsubscribe(ada))).toBe("service");
    expect([page.subscription, await sdk.state()]).toEqual([null, "off"]);
  });

  it("tells the service of a subscription that the browser has lost", async () => {
    await sdk.subscribe(ada);
    page.subscription = null;
    await sdk.unsubscribe(ada);
    expect(changes().at(-1)).toEqual(["DELETE", { endpoint: "https://push.example/1" }]);
  });
});
