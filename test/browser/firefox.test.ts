import { statSync } from "node:fs";
import { join } from "node:path";
import { simulatorCredentials } from "@carillon/simulator";
import type { Page } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it, vi } from "vitest";
import { adminApiKey } from "../../scripts/local/workers.ts";
import { firefoxPath } from "../../scripts/firefox.ts";
import { root } from "../../scripts/run.ts";
import { removeFolder, temporaryFolder } from "../e2e/launch.ts";
import { launchFirefox, type Firefox } from "./firefox.ts";
import { flipOneBit, sendPastService, type Subscription, type Tampering } from "./past-the-service.ts";
import { connectRig } from "./rig.ts";

const executablePath = await firefoxPath();

interface Delivery {
  readonly id: string;
  readonly state: string;
  readonly code?: number;
}

const { vapidPreviousPublicKey } = simulatorCredentials.webpush;
const maxScreenshotBytes = 100_000;
const within = { timeout: 15_000, interval: 50 };

describe.skipIf(executablePath === undefined)("a real Firefox", () => {
  const rig = connectRig(inject("rig"));
  const temporary = temporaryFolder();
  let firefox: Firefox;
  let page: Page;
  /** Errors of scripts, and what the browser complains about. */
  let complaints: string[];

  beforeAll(async () => {
    firefox = await launchFirefox(executablePath ?? "", rig.simulatorUrl);
  });
  afterAll(async () => {
    await firefox?.browser.close();
    removeFolder(temporary);
  });
  beforeEach(async () => {
    page = await firefox.browser.newPage();
    page.setDefaultTimeout(10_000);
    complaints = [];
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  });
  afterEach(() => page.close());

  const state = (): Promise<string> => page.$eval("#state", ({ textContent }) => textContent);
  const log = (): Promise<readonly string[]> =>
    page.$$eval("#log b", (all) => all.map(({ textContent }) => textContent));
  const untilLogged = (...words: readonly string[]): Promise<void> =>
    vi.waitFor(async () => expect(await log()).toEqual(expect.arrayContaining([...words])), within);

  async function open(): Promise<void> {
    await page.goto(rig.origin);
    await vi.waitFor(async () => expect(await state()).not.toMatch(/^Loading/), within);
  }

  /** What the page's script would do, with the service's own module. */
  function inPage<T>(script: string): Promise<T> {
    return page.evaluate(scriptOf(script)) as Promise<T>;
  }

  const scriptOf = (script: string): string => `(async () => {
    const sdk = await import(${JSON.stringify(`${rig.serviceUrl}/sdk/browser.js`)});
    const { service, recipient } = await (await fetch("/session")).json();
    const me = { service, recipient, token: async () => (await fetch("/token", { method: "POST" })).text() };
    const { pushManager } = await navigator.serviceWorker.ready;
    ${script}
  })()`;

  const subscription = (): Promise<Subscription> => inPage("return (await pushManager.getSubscription()).toJSON();");

  /** The newest message of the service. */
  async function newest(): Promise<{ readonly status: string; readonly said: readonly unknown[] }> {
    const [summary] = await rig.service.messages(1);
    const { status, timeline } = await rig.service.message(summary?.id ?? "");
    return { status, said: timeline.filter(({ kind }) => kind === "event").map((entry) => entry.providerType) };
  }

  const untilNewest = (status: string): Promise<void> =>
    vi.waitFor(async () => expect((await newest()).status).toBe(status), within);

  async function deliveries(): Promise<readonly Delivery[]> {
    const response = await fetch(`${rig.simulatorUrl}/api/push/deliveries`);
    return ((await response.json()) as { readonly items: readonly Delivery[] }).items;
  }

  const untilShown = (title: string): Promise<void> =>
    vi.waitFor(async () => expect((await firefox.shown()).join()).toContain(title), within);

  /** For the README. */
  async function takePicture(): Promise<void> {
    await page.setViewport({ width: 720, height: 690 });
    const folder = process.env["UPDATE_SCREENSHOTS"] === "1" ? join(root, "docs/images") : temporary;
    const path = join(folder, "webpush-example.png");
    await page.screenshot({ path: path as `${string}.png` });
    expect(statSync(path).size).toBeLessThanOrEqual(maxScreenshotBytes);
  }

  async function closeAll(): Promise<void> {
    for (const title of await firefox.shown()) await firefox.close(title);
    await vi.waitFor(async () => expect(await firefox.shown()).toEqual([]), within);
  }

  it("is asked for nothing without a click", async () => {
    await open();
    expect(await state()).toBe("This browser is not subscribed.");
    const ask = scriptOf("return await sdk.subscribe(me).catch(({ code }) => code);");
    expect(await firefox.unasked(page.url(), ask)).toBe("no-user-gesture");
    expect(await page.evaluate(() => Notification.permission)).toBe("default");
  });

  it("subscribes with one click, shows what is pushed, and tells of it: one click, one push, one receipt", async () => {
    await firefox.allowNotifications(rig.origin);
    await open();
    await page.click("#subscribe");
    await untilLogged("delivered");
    expect(await state()).toBe("This browser is subscribed.");
    expect(await firefox.shown()).toEqual(["The bell rings"]);
    expect(await newest()).toEqual({ status: "delivered", said: ["delivered"] });
    expect((await deliveries()).at(-1)).toMatchObject({ state: "acknowledged", code: 100 });

    await firefox.click("The bell rings");
    await untilLogged("clicked");
    expect(await newest()).toEqual({ status: "clicked", said: ["delivered", "clicked"] });
    await takePicture();
    const urls = async (): Promise<readonly string[]> => (await firefox.browser.pages()).map((one) => one.url());
    await vi.waitFor(async () => expect(await urls()).toContain(`${rig.origin}/#rung`), within);
    for (const one of await firefox.browser.pages()) if (one.url().endsWith("#rung")) await one.close();
    expect(complaints).toEqual([]);
  });

  it("tells of what was closed without a click, which proves delivery and no more", async () => {
    await open();
    await page.click("#ring");
    await untilShown("The bell rings");
    await firefox.close("The bell rings");
    await vi.waitFor(async () => expect((await newest()).said).toContain("dismissed"), within);
    expect(await newest()).toEqual({ status: "delivered", said: ["delivered", "dismissed"] });
  });

  it.each([
    ["a classic payload", { payload: { title: "Classic", body: "B" } }, "Classic", "delivered"],
    ["a text, which has no room for a receipt", { payload: "Practice at seven" }, "127.0.0.1", "sent"],
    ["a push without a payload", {}, "127.0.0.1", "sent"],
    [
      "a push whose payload was too large and may be left out",
      { payload: "x".repeat(4_000), providerOptions: { webpush: { withoutPayloadIfTooLarge: true } } },
      "127.0.0.1",
      "sent",
    ],
  ])("shows %s", async (_, content, title, status) => {
    await open();
    await rig.service.post({ channel: "webpush", to: await subscription(), content });
    await untilShown(title);
    await untilNewest(status);
    await closeAll();
  });

  it("takes the largest payload that there is, 3993 bytes, and one byte more is refused before it is sent", async () => {
    await open();
    const to = await subscription();
    const before = (await deliveries()).length;
    await rig.service.post({ channel: "webpush", to, content: { payload: "x".repeat(3_993) } });
    const arrived = async (): Promise<readonly Delivery[]> => (await deliveries()).slice(before);
    await vi.waitFor(async () => expect(await arrived()).toMatchObject([{ state: "acknowledged", code: 100 }]), within);
    const tooLarge = rig.service.post({ channel: "webpush", to, content: { payload: "x".repeat(3_994) } });
    await expect(tooLarge).rejects.toThrow(/at most 3993 bytes/);
    await untilShown("127.0.0.1");
    await closeAll();
  });

  describe("what the SDK sends", () => {
    /** What the push service said, and what the browser made of it. */
    async function send(
      change: Tampering & { readonly auth?: string } = {},
    ): Promise<readonly [kind: string, code: number | undefined]> {
      await open();
      const { endpoint, keys } = await subscription();
      const before = (await deliveries()).length;
      const to = { endpoint, keys: { ...keys, ...(change.auth !== undefined && { auth: change.auth }) } };
      const result = await sendPastService(rig, to, { title: "From the SDK" }, change);
      if (!result.ok) return [result.kind, undefined];
      const arrived = async (): Promise<Delivery | undefined> => (await deliveries())[before];
      await vi.waitFor(async () => expect(await arrived()).toMatchObject({ state: "acknowledged" }), within);
      return ["accepted", (await arrived())?.code];
    }

    it("arrives", async () => {
      expect(await send()).toEqual(["accepted", 100]);
      await untilShown("From the SDK");
      await closeAll();
    });

    it("is dropped with one bit flipped", async () => {
      expect(await send({ body: flipOneBit })).toEqual(["accepted", 101]);
      expect(await firefox.shown()).toEqual([]);
    });

    it("is dropped with the auth secret of another subscription", async () => {
      expect(await send({ auth: "AAAAAAAAAAAAAAAAAAAAAA" })).toEqual(["accepted", 101]);
      expect(await firefox.shown()).toEqual([]);
    });

    it("is refused with a VAPID token that has expired", async () => {
      expect(await send({ ageMs: 86_400_000 })).toEqual(["unauthorized", undefined]);
    });
  });

  it("is subscribed anew at its next visit when the service's key has changed", async () => {
    await open();
    const before = await subscription();
    // As the service's last key had left it.
    const old = await inPage<string>(`
      await (await pushManager.getSubscription()).unsubscribe();
      const text = ${JSON.stringify(vapidPreviousPublicKey)}.replaceAll("-", "+").replaceAll("_", "/");
      const applicationServerKey = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
      return (await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey })).endpoint;`);
    expect(old).not.toBe(before.endpoint);
    await open();
    expect(await state()).toBe("This browser is subscribed.");
    const { endpoint } = await subscription();
    expect([before.endpoint, old]).not.toContain(endpoint);
    await page.click("#ring");
    await untilLogged("delivered");
    await closeAll();
  });

  it("gets what was sent while it was away, and of one topic the last", async () => {
    await open();
    const to = await subscription();
    await firefox.setOffline(true);
    const send = (title: string, topic?: string): Promise<unknown> =>
      rig.service.post({ channel: "webpush", to, content: { payload: { title }, ...(topic && { topic }) } });
    await send("First", "news");
    await untilNewest("sent");
    await send("Other");
    await untilNewest("sent");
    await send("Second", "news");
    await untilNewest("sent");
    await firefox.setOffline(false);
    await untilNewest("delivered");
    await untilShown("Other");
    await untilShown("Second");
    expect(await firefox.shown()).not.toContain("First");
    expect((await deliveries()).slice(-3).map(({ state }) => state)).toEqual([
      "replaced",
      "acknowledged",
      "acknowledged",
    ]);
    await closeAll();
  });

  it("is subscribed anew by its service worker when the push service has lost it, and an open page registers that", async () => {
    await open();
    const recipient = await inPage<string>("return recipient;");
    const registered = async (): Promise<unknown> => {
      const url = `${rig.serviceUrl}/v1/recipients/${recipient}/push-subscriptions`;
      const list = await fetch(url, { headers: { authorization: `Bearer ${adminApiKey}` } });
      const { subscriptions } = (await list.json()) as {
        readonly subscriptions: readonly { readonly address: string }[];
      };
      return subscriptions.map(({ address }) => address);
    };
    const before = await registered();
    const { endpoint } = await subscription();
    // `pushsubscriptionchange` comes of it.
    await firefox.setOffline(true);
    await fetch(`${rig.simulatorUrl}/api/push/subscriptions`, { method: "DELETE" });
    await firefox.setOffline(false);
    await vi.waitFor(async () => {
      expect(await registered()).toHaveLength(1);
      expect(await registered()).not.toEqual(before);
    }, within);
    expect((await subscription()).endpoint).not.toBe(endpoint);
    await page.click("#ring");
    await untilLogged("delivered");
    await closeAll();
  });

  it("is left alone once it has unsubscribed, and what is sent to the old endpoint does not arrive", async () => {
    await open();
    const to = await subscription();
    await page.click("#unsubscribe");
    await vi.waitFor(async () => expect(await state()).toBe("This browser is not subscribed."), within);
    await open();
    expect(await state()).toBe("This browser is not subscribed.");
    await rig.service.post({ channel: "webpush", to, content: { payload: { title: "Too late" } } });
    // The push service says that it is gone.
    await untilNewest("suppressed");
    expect(await firefox.shown()).toEqual([]);
  });
});
