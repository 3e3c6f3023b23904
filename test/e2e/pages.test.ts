import { statSync } from "node:fs";
import { join } from "node:path";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { browserPath } from "../../scripts/browser.ts";
import { serviceApi, type ServiceApi } from "../../scripts/local/api.ts";
import { adminApiKey } from "../../scripts/local/workers.ts";
import { root } from "../../scripts/run.ts";
import { endAll, freePort, launch, removeFolder, temporaryFolder } from "./launch.ts";
import { hostileHtml, setTrap, type Trap } from "./trap.ts";

const executablePath = browserPath();
const maxScreenshotBytes = 200_000;

/** What the inbox holds beside the demonstration; the recipient says how it ends. */
const correspondence = [
  {
    to: "clicked@simulator.test",
    provider: "sendgrid",
    subject: "Your bell is cast",
    text: "It cooled for three days and rings a true C sharp. Choose a day to come and hear it.",
  },
  {
    to: "complained@simulator.test",
    provider: "postmark",
    subject: "Open day at the foundry",
    text: "See a bell being poured, on Saturday from ten.",
  },
  {
    to: "opened@simulator.test",
    provider: "resend",
    subject: "Your tuning appointment",
    text: "The tuner comes on Wednesday at nine. Please clear the stairs.",
  },
];

/** What the demonstration says in the other channels: its title in the list, and what its page shows. */
const ofOtherChannels = [
  {
    title: "Your bell is ready. Collect it on Thursday between seven and nine, at the north ...",
    parts: ["+15005550010", "GSM-7", "2 segments"],
  },
  { title: "Casting 118 is done: 1 of 2 moulds held", parts: ["Tenor in D", "loam, second use", "Foundry floor"] },
  { title: "A new peal has been rung:", parts: ["Plain Bob Major, 5,056 changes", "St Mary, north tower", "Peal 77"] },
  { title: "Practice starts in an hour", parts: ["In the tower, at seven.", "high", "3600"] },
  { title: "Your order has left", parts: ["Order 1042 is on its way", "1042"] },
  // Along a route: the email after them was called off.
  { title: "The belfry door is open", parts: ["Nobody is on the rota tonight.", "high", "3600"] },
  {
    title: "The belfry door has been open for two minutes. Was that you?",
    parts: ["+15005550010", "GSM-7", "1 segment"],
  },
];

describe.skipIf(executablePath === undefined)("the pages, after the demonstration", () => {
  const home = temporaryFolder();
  let browser: Browser;
  let page: Page;
  let inboxUrl: string;
  let serviceUrl: string;
  let service: ServiceApi;
  /** Errors of scripts and refused requests: what a developer would see in the browser's console. */
  let complaints: string[];

  beforeAll(async () => {
    const [port, simulatorPort] = [await freePort(), await freePort()];
    serviceUrl = `http://127.0.0.1:${port}`;
    inboxUrl = `http://127.0.0.1:${simulatorPort}/`;
    service = serviceApi(serviceUrl, adminApiKey);
    const start = launch("start", home, { PORT: String(port), SIMULATOR_PORT: String(simulatorPort) });
    const args = ["--no-sandbox", "--disable-dev-shm-usage"];
    browser = await chromium.launch({ executablePath: executablePath ?? "", args });
    await start.until(/Up until Ctrl-C/);
    for (const { to, provider, subject, text } of correspondence) {
      const content = { from: { email: "hello@bellfounders.example", name: "Bellfounders" }, subject, text };
      await service.post({ channel: "email", to, content, providers: [provider] });
      const ends = async (): Promise<void> => expect((await service.messages(1))[0]?.status).toBe(to.split("@")[0]);
      await vi.waitFor(ends, 10_000);
    }
  });
  afterAll(async () => {
    await browser?.close();
    endAll();
    removeFolder(home);
  });
  beforeEach(async () => {
    page = await browser.newPage({ viewport: { width: 1200, height: 760 }, deviceScaleFactor: 1 });
    page.setDefaultTimeout(10_000);
    complaints = [];
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  });
  afterEach(() => page.close());

  const consoleUrl = (): string => `${serviceUrl}/console/#key=${adminApiKey}`;

  /** The simulator's page of a message, by its subject. */
  async function openInInbox(subject: string): Promise<void> {
    await page.goto(inboxUrl);
    await page.locator(".row", { hasText: subject }).first().click();
    await page.locator("h1", { hasText: subject }).waitFor();
  }

  it("make small enough pictures for the README", async () => {
    for (const [name, height, open] of [
      ["inbox", 820, () => page.goto(inboxUrl)],
      ["message", 760, () => openInInbox("Your receipt for order 1042")],
    ] as const) {
      await page.setViewportSize({ width: 1200, height });
      await open();
      await page.waitForTimeout(500);
      const folder = process.env["UPDATE_SCREENSHOTS"] === "1" ? join(root, "docs/images") : home;
      const path = join(folder, `${name}.png`);
      await page.screenshot({ path });
      expect(statSync(path).size).toBeLessThanOrEqual(maxScreenshotBytes);
    }
  });

  describe("inbox", () => {
    it("lists what the simulator caught, newest first, and what became of it", async () => {
      await page.goto(inboxUrl);
      expect(await page.locator(".row .subject b").allTextContents()).toEqual([
        ...correspondence.map(({ subject }) => subject).toReversed(),
        ...ofOtherChannels.map(({ title }) => title).toReversed(),
        "Your receipt for order 1042",
        "News from the foundry",
        "Your sign-in code",
        "You are invited to the ringing practice",
        "Your receipt for order 1042",
      ]);
      expect(await page.locator(".row .provider").allTextContents()).toEqual(
        // Where a channel has one provider of its own name, the channel says it.
        "Resend, Postmark, SendGrid, Twilio, Twilio, Resend, Resend, Postmark, Resend, Resend".split(", "),
      );
      expect(await page.locator(".row .chip").allTextContents()).toEqual(
        expect.arrayContaining(["delivered", "bounced", "clicked"]),
      );
      expect(complaints).toEqual([]);
    });

    it("shows a message that comes while it is open, on top", async () => {
      await page.goto(inboxUrl);
      const content = { from: "a@example.com", subject: "Just now", text: "Hello" };
      await service.post({ channel: "email", to: "delivered+live@simulator.test", content });
      await page.locator(".row", { hasText: "Just now" }).waitFor();
      expect(await page.locator(".row .subject b").first().textContent()).toBe("Just now");
      expect(complaints).toEqual([]);
    });

    it("is worked with the keyboard", async () => {
      await page.goto(inboxUrl);
      const first = page.locator(".row").first();
      const focused = (): Promise<boolean> => first.evaluate((row) => row === document.activeElement);
      for (let presses = 0; presses < 10 && !(await focused()); presses++) await page.keyboard.press("Tab");
      expect(await focused()).toBe(true);
      expect(await first.evaluate((row) => getComputedStyle(row).outlineStyle)).not.toBe("none");
      const subject = (await first.locator(".subject b").textContent()) ?? "";
      await page.keyboard.press("Enter");
      await page.locator("h1", { hasText: subject }).waitFor();
    });
  });

  describe("a message in the inbox", () => {
    it("shows the HTML in a frame, the text, the headers, the raw request and the webhooks", async () => {
      await openInInbox("Your receipt for order 1042");
      const frame = page.frameLocator("iframe");
      await frame.locator("h1", { hasText: "Thank you, your order is on its way" }).waitFor();
      const shown = await page.locator("main").textContent();
      for (const part of ["Hand bell, C sharp", "X-Order", "email.delivered", "POST https://api.resend.com/emails"]) {
        expect(shown).toContain(part);
      }
      expect(shown).not.toContain("re_simulator_only");
      expect(complaints).toEqual([]);
    });

    it.each(ofOtherChannels)("shows $title as its channel would", async ({ title, parts }) => {
      await openInInbox(title);
      const shown = await page.locator("main").textContent();
      for (const part of parts) expect(shown).toContain(part);
      expect(complaints).toEqual([]);
    });

    it("runs no script of a message, and loads nothing that it names", async () => {
      const trap = await setTrap();
      try {
        const html = hostileHtml(trap);
        await expectTrapToWork(browser, trap, html);
        const content = { from: "mallory@example.com", subject: "Look here", html };
        await service.post({ channel: "email", to: "delivered+hostile@simulator.test", content });
        await page.goto(inboxUrl);
        const visitsBefore = trap.visits.length;
        const title = async (): Promise<string> => page.title();
        await page.evaluate(() => addEventListener("message", () => (document.body.dataset["escaped"] = "yes")));
        await page.locator(".row", { hasText: "Look here" }).click();
        await page.locator("h1", { hasText: "Look here" }).waitFor();

        const iframe = page.locator("iframe");
        expect(await iframe.getAttribute("sandbox")).toBe("");
        const body = page.frameLocator("iframe").locator("body");
        await body.locator("#said", { hasText: "Dear reader" }).waitFor();
        await page.waitForTimeout(700);
        expect(await body.getAttribute("data-ran")).toBeNull();
        expect(trap.visits.slice(visitsBefore)).toEqual([]);
        expect(await title()).toContain("Look here");
        expect(await page.locator("body").getAttribute("data-escaped")).toBeNull();
      } finally {
        await trap.close();
      }
    });
  });

  describe("console", () => {
    it("lists the messages, newest first, and keeps the key out of the address", async () => {
      await page.goto(consoleUrl());
      await page.locator("#messages .badge").first().waitFor();
      const expected = (await service.messages(50)).map(({ status }) => status);
      expect(await page.locator("#messages .badge").allTextContents()).toEqual(expected);
      expect(page.url()).toBe(`${serviceUrl}/console/`);
      await expect.poll(() => page.locator("#health").textContent()).toContain("development");
      expect(complaints).toEqual([]);
    });

    it("shows a message's timeline", async () => {
      const failedOver = (await service.messages(50)).find(({ possibleDuplicate }) => possibleDuplicate);
      await page.goto(`${serviceUrl}/console/message?id=${failedOver?.id}#key=${adminApiKey}`);
      await page.locator("h1", { hasText: "Your sign-in code" }).waitFor();
      const entries = (await page.locator("#timeline li strong").allTextContents()).map((entry) => entry.trim());
      expect(entries.slice(0, 4)).toEqual([
        "Accepted",
        "Handed to resend: unknown",
        "Handed to resend: unknown",
        "Handed to resend: unknown",
      ]);
      // In the order in which they were learned: a webhook may be quicker than the attempt's own answer.
      expect(entries.slice(4).toSorted()).toEqual(["Handed to postmark: accepted", "postmark says Delivery"]);
      expect(await page.locator("#facts").textContent()).toContain("delivered");
      expect(complaints).toEqual([]);
    });

    it("asks for a key when it has none, refuses a wrong one, and goes on by keyboard with the right one", async () => {
      await page.goto(`${serviceUrl}/console/`);
      const key = page.getByLabel("API key");
      await key.fill("wrong");
      await page.keyboard.press("Enter");
      await expect.poll(() => page.locator("#notice").textContent()).not.toBe("");
      expect(await page.locator("#messages li").count()).toBe(0);
      await key.fill(adminApiKey);
      await page.keyboard.press("Enter");
      const link = page.locator("#messages a").first();
      await link.waitFor();
      await link.focus();
      await page.keyboard.press("Enter");
      await page.locator("#timeline li").first().waitFor();
    });
  });

  it.each([
    ["inbox", () => inboxUrl],
    ["inbox message", () => `${inboxUrl}messages/1`],
    ["console", consoleUrl],
    ["console message", () => `${serviceUrl}/console/message?id=${newest}#key=${adminApiKey}`],
  ])("fits a screen of 360 px: %s", async (_, url) => {
    newest = (await service.messages(1))[0]?.id ?? "";
    await page.setViewportSize({ width: 360, height: 720 });
    await page.goto(url(), { waitUntil: "networkidle" });
    expect(await page.locator("main").textContent()).not.toBe("");
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
  });
  let newest = "";
});

/** The same message in a page that does nothing against it: otherwise nothing would be proved by an empty trap. */
async function expectTrapToWork(browser: Browser, trap: Trap, html: string): Promise<void> {
  const page = await browser.newPage();
  await page.goto(`${trap.url}/`);
  await page.setContent(html, { waitUntil: "domcontentloaded" });
  await expect.poll(() => trap.visits).toEqual(expect.arrayContaining(["/picture", "/fetch", "/script", "/style"]));
  await page.close();
}
