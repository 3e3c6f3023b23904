/**
 * A Chromium subscribes at Google alone, so its subscription is what is missing here: its service worker gets what the
 * simulated push service has decrypted, through CDP's `ServiceWorker.deliverPushMessage`. (The whole way is Firefox's.)
 */
import { fakeBrowser } from "@carillon/simulator";
import { launch, type Browser, type CDPSession, type Page, type SerializedAXNode } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it, vi } from "vitest";
import { browserPath } from "../../scripts/browser.ts";
import { connectRig } from "./rig.ts";

const executablePath = browserPath();
const within = { timeout: 15_000, interval: 50 };

interface Shown {
  readonly title: string;
  readonly body: string;
}

describe.skipIf(executablePath === undefined)("a Chromium", () => {
  const rig = connectRig(inject("rig"));
  let browser: Browser;
  let page: Page;
  let session: CDPSession;
  let complaints: string[];

  beforeAll(async () => {
    const args = ["--no-sandbox", "--disable-dev-shm-usage"];
    browser = await launch({ browser: "chrome", executablePath: executablePath ?? "", args });
    await browser.defaultBrowserContext().overridePermissions(rig.origin, ["notifications"]);
  });
  afterAll(async () => {
    await browser?.close();
  });
  beforeEach(async () => {
    page = await browser.newPage();
    complaints = [];
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    await page.goto(rig.origin);
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    await vi.waitFor(async () => expect(await textOf("#state")).not.toMatch(/^Loading/), within);
    session = await page.createCDPSession();
  });
  afterEach(() => page.close());

  const textOf = (selector: string): Promise<string> => page.$eval(selector, ({ textContent }) => textContent);

  /** What the service has sent, decrypted. */
  async function pushed(
    content: Readonly<Record<string, unknown>>,
  ): Promise<{ readonly id: string; readonly payload: string }> {
    const to = await fakeBrowser.subscribe({ name: `delivered-${crypto.randomUUID()}` });
    const { messages } = await rig.service.post({ channel: "webpush", to, content });
    const id = messages[0]?.id ?? "";
    await vi.waitFor(async () => expect((await rig.service.message(id)).status).toBe("sent"), within);
    const list = await (await fetch(`${rig.simulatorUrl}/api/messages?provider=webpush&limit=1`)).json();
    const newest = await (await fetch(`${rig.simulatorUrl}/api/messages/${list.items[0].id}`)).json();
    return { id, payload: String(newest.content.payload) };
  }

  /** Has the push service's part done by the browser's own tools. */
  async function deliver(data: string): Promise<void> {
    const registered = new Promise<string>((resolve) => {
      session.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
        for (const { registrationId } of registrations) resolve(registrationId);
      });
    });
    await session.send("ServiceWorker.enable");
    const registrationId = await registered;
    await session.send("ServiceWorker.deliverPushMessage", { origin: rig.origin, registrationId, data });
  }

  const shown = (): Promise<readonly Shown[]> =>
    page.evaluate(async () => {
      const all = await (await navigator.serviceWorker.ready).getNotifications();
      return all.map(({ title, body }) => ({ title, body }));
    });

  async function dispatch(type: "notificationclick" | "notificationclose"): Promise<void> {
    const target = await browser.waitForTarget((one) => one.url().endsWith("/sw.js"));
    const worker = await target.worker();
    await worker?.evaluate(`(async () => {
      const [notification] = await registration.getNotifications();
      dispatchEvent(new NotificationEvent("${type}", { notification }));
    })()`);
  }

  const until = (id: string, status: string): Promise<void> =>
    vi.waitFor(async () => expect((await rig.service.message(id)).status).toBe(status), within);

  it("shows what the service has sent, and its service worker's receipts move the message", async () => {
    const notification = { title: "Hello", body: "Ada", navigate: `${rig.origin}/#there` };
    const { id, payload } = await pushed({ notification });
    await deliver(payload);
    await until(id, "delivered");
    expect(await shown()).toEqual([{ title: "Hello", body: "Ada" }]);
    await dispatch("notificationclick");
    await until(id, "clicked");
    await vi.waitFor(async () => expect(await shown()).toEqual([]), within);
    expect(complaints).toEqual([]);
  });

  it("tells of a notification that was closed", async () => {
    const { id, payload } = await pushed({ payload: { title: "Closed", body: "B" } });
    await deliver(payload);
    await until(id, "delivered");
    await dispatch("notificationclose");
    const said = async (): Promise<readonly unknown[]> =>
      (await rig.service.message(id)).timeline.map(({ providerType }) => providerType);
    await vi.waitFor(async () => expect(await said()).toContain("dismissed"), within);
    expect((await rig.service.message(id)).status).toBe("delivered");
  });

  describe("looks at the example's page", () => {
    it("by keyboard: the buttons are reached in order, with a ring around them", async () => {
      await page.keyboard.press("Tab");
      const focused = await page.evaluate(() => {
        const { id } = document.activeElement ?? {};
        const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement ?? document.body);
        return { id, outlineStyle, outlineWidth };
      });
      expect(focused).toEqual({ id: "subscribe", outlineStyle: "solid", outlineWidth: "3px" });
    });

    it("with live regions for what changes, and names for what is pressed", async () => {
      const named = (node: SerializedAXNode): readonly string[] => [
        `${node.role} ${node.name ?? ""}`,
        ...(node.children ?? []).flatMap(named),
      ];
      const tree = await page.accessibility.snapshot({ interestingOnly: false });
      expect(tree && named(tree)).toEqual(
        expect.arrayContaining([
          "heading One click, one push, one receipt",
          "button Subscribe",
          "status ",
          "log What became of it",
        ]),
      );
    });

    it.each([360, 1200])("at %i px: nothing is cut off, and what is pressed is large enough", async (width) => {
      await page.setViewport({ width, height: 740 });
      const { overflow, heights } = await page.evaluate(() => ({
        overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
        heights: [...document.querySelectorAll("button:not([hidden])")].map(
          (one) => one.getBoundingClientRect().height,
        ),
      }));
      expect(overflow).toBeLessThanOrEqual(0);
      for (const height of heights) expect(height).toBeGreaterThanOrEqual(44);
    });
  });
});
