import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { remember } from "../memory.ts";
import { fakeCaches } from "../test/fake-caches.ts";
import { listen, type ListenOptions } from "./listen.ts";

const receipt = { receipt: "r.secret", url: "https://notify.example/v1/push/receipts" };
const key = "BObl2kYL1OtdNyvaEjKVr8DEw2CKqYaPS1BVZ9mOpH_BVPGulWCfGOE-Hi8ntjMyInXAU0hwP_VAtHzHmVxRo64";

interface Page {
  readonly url: string;
  readonly focus: ReturnType<typeof vi.fn>;
  readonly postMessage: ReturnType<typeof vi.fn>;
}

let handlers: Map<string, (event: object) => void>;
let shown: [title: string, options: NotificationOptions][];
let refuses: (title: string) => boolean;
let pages: Page[];
let opened: string[];
let badges: number[];
let subscription: object | null;
let receipts: unknown[];
/** Of the service's next answers; 204 when there is none, and "offline" is no answer. */
let answers: (number | "offline")[];

beforeEach(() => {
  handlers = new Map();
  shown = [];
  refuses = () => false;
  pages = [];
  opened = [];
  badges = [];
  subscription = null;
  receipts = [];
  answers = [];
  vi.stubGlobal("caches", fakeCaches());
  vi.stubGlobal("fetch", async (url: string, { body, credentials }: RequestInit) => {
    const answer = answers.shift() ?? 204;
    if (answer === "offline") throw new TypeError("Failed to fetch");
    const { at, ...rest } = JSON.parse(body as string) as { at: string };
    expect([new Date(at).toISOString(), credentials]).toEqual([at, "omit"]);
    receipts.push([url, rest]);
    return new Response(null, { status: answer });
  });
});
afterEach(() => vi.unstubAllGlobals());

function start(options?: ListenOptions): void {
  const worker = {
    location: new URL("https://app.example/sw.js"),
    addEventListener: (type: string, handler: (event: object) => void) => handlers.set(type, handler),
    registration: {
      showNotification: async (title: string, options: NotificationOptions) => {
        if (refuses(title)) throw new TypeError("A member is of a wrong type");
        shown.push([title, options]);
      },
      pushManager: {
        getSubscription: async () => subscription,
        subscribe: async (options: object) => (subscription = options),
      },
    },
    clients: {
      matchAll: async () => pages,
      openWindow: async (url: string) => opened.push(url),
    },
    navigator: { setAppBadge: async (count: number) => void badges.push(count) },
  };
  listen(worker as unknown as ServiceWorkerGlobalScope, options);
}

async function fire(type: string, event: object): Promise<void> {
  const waiting: Promise<unknown>[] = [];
  handlers.get(type)?.({ ...event, waitUntil: (promise: Promise<unknown>) => waiting.push(promise) });
  expect(waiting).toHaveLength(1);
  await Promise.all(waiting);
}

const push = (payload?: unknown): Promise<void> => {
  const text = typeof payload === "string" ? payload : JSON.stringify(payload);
  return fire("push", { data: payload === undefined ? null : { text: () => text } });
};

const close = vi.fn();
const notification = (data: unknown): object => ({ notification: { data, close }, action: "" });
const sent = (event: string): unknown => [receipt.url, { receipt: receipt.receipt, event }];

describe("push", () => {
  beforeEach(() => start());

  it("shows a declarative notification, with what a click needs, and tells that it was delivered", async () => {
    const actions = [{ action: "track", title: "Track", navigate: "https://app.example/track" }];
    const data = { order: 42, carillon: receipt };
    const content = { title: "Hello", navigate: "https://app.example/1", body: "Ada", tag: "t", actions, data };
    await push({ web_push: 8030, notification: content, app_badge: 3 });
    const carillon = { ...receipt, navigate: content.navigate, actions: { track: "https://app.example/track" } };
    expect(shown).toEqual([["Hello", { body: "Ada", tag: "t", actions, data: { order: 42, carillon } }]]);
    expect(receipts).toEqual([sent("delivered")]);
    expect(badges).toEqual([3]);
  });

  it.each([
    [{ title: "T", body: "B", url: "/x", carillon: receipt }, { body: "B" }, "/x"],
    [{ notification: { title: "T", body: "B" }, data: { url: "/y", n: 1 }, carillon: receipt }, { body: "B" }, "/y"],
  ])("shows a classic payload %#", async (payload, options, navigate) => {
    await push(payload);
    expect(shown).toMatchObject([["T", { ...options, data: { carillon: { ...receipt, navigate } } }]]);
    expect(shown[0]?.[1]).not.toHaveProperty("carillon");
    expect(receipts).toEqual([sent("delivered")]);
  });

  it.each([
    ["a text", "Practice starts at seven", { body: "Practice starts at seven" }],
    ["a text that looks like JSON", "{cut off", { body: "{cut off" }],
    ["nothing", undefined, {}],
    ["a number", 7, {}],
    ["a list", [1], {}],
    ["null", null, {}],
  ])("shows something for %s, and has nothing to tell", async (_, payload, options) => {
    await push(payload);
    expect(shown).toEqual([["app.example", { ...options, data: { carillon: { navigate: undefined } } }]]);
    expect(receipts).toEqual([]);
  });

  it("keeps data that is no object", async () => {
    await push({ title: "T", data: [1, 2] });
    expect(shown[0]?.[1].data).toMatchObject({ value: [1, 2] });
  });

  it("shows the title alone when the browser refuses the rest, and keeps what a click needs", async () => {
    let tries = 0;
    refuses = () => (tries += 1) === 1;
    await push({ title: "T", vibrate: "no", carillon: receipt });
    expect(shown).toEqual([["T", { data: { carillon: { ...receipt, navigate: undefined } } }]]);
  });

  it("shows nothing of its own for what the browser has shown, and tells of it", async () => {
    await fire("push", { data: null, notification: { data: { carillon: receipt } } });
    expect([shown, receipts]).toEqual([[], [sent("delivered")]]);
  });
});

describe("push, with a notification of the application's", () => {
  it("shows that one, and still knows whose receipt it is", async () => {
    start({ notification: (payload) => ({ title: `For you: ${String(payload)}`, options: { data: { mine: 1 } } }) });
    await push("news");
    expect(shown).toEqual([["For you: news", { data: { mine: 1, carillon: { navigate: undefined } } }]]);
  });

  it("shows the usual one where making it fails", async () => {
    start({ notification: () => Promise.reject(new Error("no")) });
    await push({ title: "T" });
    expect(shown).toMatchObject([["T", {}]]);
  });
});

describe("notificationclick", () => {
  beforeEach(() => start());
  const data = { carillon: { ...receipt, navigate: "/orders/1", actions: { track: "https://other.example/t" } } };
  const page = (url: string): Page => ({ url, focus: vi.fn(), postMessage: vi.fn() });

  it("opens the address, closes the notification, and tells of the click", async () => {
    pages = [page("https://app.example/")];
    await fire("notificationclick", notification(data));
    expect(opened).toEqual(["https://app.example/orders/1"]);
    expect(close).toHaveBeenCalled();
    expect(receipts).toEqual([sent("clicked")]);
  });

  it("shows the page that is there already", async () => {
    pages = [page("https://app.example/"), page("https://app.example/orders/1")];
    await fire("notificationclick", notification(data));
    expect(pages[1]?.focus).toHaveBeenCalledOnce();
    expect(opened).toEqual([]);
  });

  it("opens the address of the button that was pressed", async () => {
    await fire("notificationclick", { ...notification(data), action: "track" });
    expect(opened).toEqual(["https://other.example/t"]);
  });

  it.each(["javascript:alert(1)", "data:text/html,x", "https://[", undefined])(
    "opens nothing for %s, and tells of the click",
    async (navigate) => {
      await fire("notificationclick", notification({ carillon: { ...receipt, navigate } }));
      expect([opened, receipts]).toEqual([[], [sent("clicked")]]);
    },
  );

  it("leaves a notification alone that is not Carillon's", async () => {
    await fire("notificationclick", notification("mine"));
    expect([opened, receipts]).toEqual([[], []]);
  });
});

describe("receipts", () => {
  beforeEach(() => start());

  it("tell that a notification was closed, unless it was clicked", async () => {
    await fire("notificationclick", notification({ carillon: { ...receipt, receipt: "another" } }));
    receipts = [];
    await fire("notificationclose", notification({ carillon: receipt }));
    expect(receipts).toEqual([sent("dismissed")]);
    receipts = [];
    handlers.get("notificationclose")?.(notification({ carillon: { ...receipt, receipt: "another" } }));
    expect(receipts).toEqual([]);
  });

  it.each(["offline", 503, 429] as const)("that could not be delivered (%s) go with the next event", async (answer) => {
    answers = [answer];
    await push({ title: "T", carillon: receipt });
    receipts = [];
    await fire("notificationclick", notification({ carillon: receipt }));
    expect(receipts).toEqual([sent("delivered"), sent("clicked")]);
    receipts = [];
    await push("another");
    expect(receipts).toEqual([]);
  });

  it("that the service refuses are not sent again", async () => {
    answers = [401];
    await push({ title: "T", carillon: receipt });
    receipts = [];
    await push("another");
    expect(receipts).toEqual([]);
  });

  it("that wait are the newest fifty", async () => {
    for (let count = 0; count < 60; count += 1) {
      answers = Array.from({ length: 60 }, () => "offline" as const);
      await push({ title: "T", carillon: { ...receipt, receipt: `r${count}` } });
    }
    answers = [];
    await push("another");
    expect(receipts).toHaveLength(50);
    expect(JSON.stringify(receipts)).toContain("r59");
  });

  it("do not keep a person from seeing the message where there is no storage", async () => {
    vi.stubGlobal("caches", { open: () => Promise.reject(new DOMException("no", "SecurityError")) });
    await push({ title: "T", carillon: receipt });
    expect(shown).toMatchObject([["T", {}]]);
    expect(receipts).toEqual([sent("delivered")]);
  });
});

describe("pushsubscriptionchange", () => {
  beforeEach(() => start());
  const page = (): Page => ({ url: "https://app.example/", focus: vi.fn(), postMessage: vi.fn() });

  it("subscribes again with the same key, and asks one open page to register that", async () => {
    await remember({ service: "https://notify.example", publicKey: key, endpoint: "https://push.example/1" });
    pages = [page(), page()];
    await fire("pushsubscriptionchange", {});
    expect(subscription).toMatchObject({ userVisibleOnly: true });
    expect((subscription as { applicationServerKey: Uint8Array }).applicationServerKey).toHaveLength(65);
    expect(pages.map(({ postMessage }) => postMessage.mock.calls)).toEqual([[["carillon:subscription-changed"]], []]);
  });

  it("keeps the one that the browser has made itself", async () => {
    await remember({ service: "https://notify.example", publicKey: key, endpoint: "https://push.example/1" });
    const own = (subscription = {});
    await fire("pushsubscriptionchange", {});
    expect(subscription).toBe(own);
  });

  it("does nothing for who has unsubscribed", async () => {
    await fire("pushsubscriptionchange", {});
    expect(subscription).toBeNull();
  });
});
