import { launch, type Browser, type Page, type SerializedAXNode } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it, vi } from "vitest";
import { browserPath } from "../../scripts/browser.ts";
import { startGoogle, type Google } from "./google.ts";
import { flipOneBit, sendPastService, type Subscription } from "./past-the-service.ts";
import { connectRig } from "./rig.ts";

const executablePath = browserPath();
const within = { timeout: 15_000, interval: 50 };

interface Shown {
  readonly title: string;
  readonly body: string;
}

describe.skipIf(executablePath === undefined)("a real Chromium", () => {
  const rig = connectRig(inject("rig"));
  let google: Google;
  let browser: Browser;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    google = await startGoogle(rig.simulatorUrl);
    const args = ["--no-sandbox", "--disable-dev-shm-usage", ...google.args];
    browser = await launch({ browser: "chrome", executablePath: executablePath ?? "", args });
    await browser.defaultBrowserContext().overridePermissions(rig.origin, ["notifications"]);
  });
  afterAll(async () => {
    await browser?.close();
    google?.close();
  });
  beforeEach(async () => {
    page = await browser.newPage();
    complaints = [];
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    await page.goto(rig.origin);
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    await vi.waitFor(async () => expect(await textOf("#state")).not.toMatch(/^Loading/), within);
  });
  afterEach(() => page.close());

  const textOf = (selector: string): Promise<string> => page.$eval(selector, ({ textContent }) => textContent);

  const shown = (): Promise<readonly Shown[]> =>
    page.evaluate(async () => {
      const all = await (await navigator.serviceWorker.ready).getNotifications();
      return all.map(({ title, body }) => ({ title, body }));
    });

  /** Without a desktop nobody can click: the service worker is told so by its own kind of event. */
  async function dispatch(type: "notificationclick" | "notificationclose"): Promise<void> {
    const target = await browser.waitForTarget((one) => one.url().endsWith("/sw.js"));
    const worker = await target.worker();
    await worker?.evaluate(`(async () => {
      const [notification] = await registration.getNotifications();
      dispatchEvent(new NotificationEvent("${type}", { notification }));
    })()`);
  }

  const untilShown = (title: string): Promise<void> =>
    vi.waitFor(async () => expect((await shown()).map((one) => one.title)).toContain(title), within);

  const closeAll = (): Promise<void> =>
    page.evaluate(async () => {
      const registration = await navigator.serviceWorker.ready;
      for (const notification of await registration.getNotifications()) notification.close();
    });

  const subscription = (): Promise<Subscription> =>
    page.evaluate(async () => {
      const found = await (await navigator.serviceWorker.ready).pushManager.getSubscription();
      return found?.toJSON() as unknown as Subscription;
    });

  const log = (): Promise<readonly string[]> =>
    page.$$eval("#log b", (all) => all.map(({ textContent }) => textContent));

  it("subscribes with one click, decrypts and shows what is pushed, and tells of it", async () => {
    await page.click("#subscribe");
    await vi.waitFor(async () => expect(await log()).toContain("delivered"), within);
    expect(await textOf("#state")).toBe("This browser is subscribed.");
    expect(await shown()).toEqual([{ title: "The bell rings", body: "Click, and the page knows." }]);
    await dispatch("notificationclick");
    await vi.waitFor(async () => expect(await log()).toContain("clicked"), within);
    await vi.waitFor(async () => expect(await shown()).toEqual([]), within);
    expect(complaints).toEqual([]);
  });

  it("tells of a notification that was closed, which proves delivery and no more", async () => {
    await page.click("#ring");
    await untilShown("The bell rings");
    await dispatch("notificationclose");
    const said = async (): Promise<readonly unknown[]> => {
      const [newest] = await rig.service.messages(1);
      const { status, timeline } = await rig.service.message(newest?.id ?? "");
      return [status, ...timeline.flatMap(({ providerType }) => providerType ?? [])];
    };
    await vi.waitFor(async () => expect(await said()).toEqual(["delivered", "delivered", "dismissed"]), within);
    await closeAll();
  });

  it("drops a message with one bit flipped, and one for another auth secret; takes the largest that there is", async () => {
    const to = await subscription();
    const otherSecret = { ...to, keys: { ...to.keys, auth: "AAAAAAAAAAAAAAAAAAAAAA" } };
    expect(await sendPastService(rig, to, { title: "Flipped" }, { body: flipOneBit })).toMatchObject({ ok: true });
    expect(await sendPastService(rig, otherSecret, { title: "Other" })).toMatchObject({ ok: true });
    const largest = JSON.stringify({ title: "Largest", body: "" });
    const body = "x".repeat(3_993 - largest.length);
    expect(await sendPastService(rig, to, { title: "Largest", body })).toMatchObject({ ok: true });
    await untilShown("Largest");
    expect((await shown()).map(({ title }) => title)).toEqual(["Largest"]);
    await closeAll();
  });

  it("is refused by the push service with a VAPID token that has expired", async () => {
    const result = await sendPastService(rig, await subscription(), { title: "Late" }, { ageMs: 86_400_000 });
    expect(result).toMatchObject({ ok: false, kind: "unauthorized" });
  });

  it("is subscribed no more once it has unsubscribed", async () => {
    await page.click("#unsubscribe");
    await vi.waitFor(async () => expect(await textOf("#state")).toBe("This browser is not subscribed."), within);
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
