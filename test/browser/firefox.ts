import { launch, type Browser } from "puppeteer-core";

/** A Firefox whose push service is the simulator, and whose notifications can be seen and clicked. */
export interface Firefox {
  readonly browser: Browser;
  allowNotifications(origin: string): Promise<void>;
  /** Titles of the notifications that stand on the screen. */
  shown(): Promise<readonly string[]>;
  /** Does to the notification of this title what a person would. */
  click(title: string): Promise<void>;
  close(title: string): Promise<void>;
  /** Takes the network away, or gives it back. */
  setOffline(isOffline: boolean): Promise<void>;
  /** What a page's script says that runs by itself. (Whatever puppeteer evaluates counts as done by a person.) */
  unasked(url: string, expression: string): Promise<unknown>;
}

/** How long a click lets a page ask. */
const activationMs = 500;

interface Context {
  readonly context: string;
  readonly url: string;
}

/** WebDriver BiDi as puppeteer speaks it: the browser's own windows are beyond its API. */
interface Connection {
  send(method: string, params: object): Promise<{ readonly result: unknown }>;
}

export async function launchFirefox(executablePath: string, simulatorUrl: string): Promise<Firefox> {
  const browser = await launch({
    browser: "firefox",
    executablePath,
    headless: true,
    // Notifications are windows of the browser's own, which WebDriver may touch only then.
    args: ["--remote-allow-system-access"],
    extraPrefsFirefox: {
      "dom.push.enabled": true,
      "dom.push.connection.enabled": true,
      "dom.push.serverURL": `${simulatorUrl.replace("http", "ws")}/api/push/socket`,
      "dom.push.testing.allowInsecureServerURL": true,
      "dom.push.retryBaseInterval": 100,
      "dom.user_activation.transient.timeout": activationMs,
      // Not the desktop's, of which there may be none.
      "alerts.useSystemBackend": false,
    },
  });
  const { connection } = browser as unknown as { readonly connection: Connection };

  const evaluate = async (context: string, expression: string): Promise<unknown> => {
    const { result } = await connection.send("script.evaluate", {
      expression,
      target: { context },
      awaitPromise: true,
      userActivation: false,
    });
    return (result as { readonly result?: { readonly value?: unknown } }).result?.value;
  };
  const contexts = async (options: object): Promise<readonly Context[]> => {
    const { result } = await connection.send("browsingContext.getTree", options);
    return (result as { readonly contexts: readonly Context[] }).contexts;
  };
  const alerts = async (): Promise<readonly { readonly context: string; readonly title: string }[]> => {
    const windows = (await contexts({ "moz:scope": "chrome" })).filter(({ url }) =>
      url.endsWith("/alerts/alert.xhtml"),
    );
    return await Promise.all(
      windows.map(async ({ context }) => ({
        context,
        title: String(await evaluate(context, 'document.getElementById("alertTitleLabel").value')),
      })),
    );
  };
  const press = async (title: string, id: string): Promise<void> => {
    const alert = (await alerts()).find((one) => one.title === title);
    if (alert === undefined) throw new Error(`No notification says ${title}.`);
    await evaluate(alert.context, `void document.getElementById("${id}").click()`);
  };

  return {
    browser,
    allowNotifications: (origin) => browser.defaultBrowserContext().overridePermissions(origin, ["notifications"]),
    shown: async () => (await alerts()).map(({ title }) => title),
    click: (title) => press(title, "alertBox"),
    close: (title) => press(title, "alert-close"),
    async setOffline(isOffline) {
      const own = (await contexts({ "moz:scope": "chrome" })).find(({ url }) => url.endsWith("/browser.xhtml"));
      await evaluate(own?.context ?? "", `void (Services.io.offline = ${isOffline})`);
    },
    async unasked(url, expression) {
      const page = (await contexts({})).find((one) => one.url === url);
      await new Promise((resolve) => setTimeout(resolve, 2 * activationMs));
      return await evaluate(page?.context ?? "", expression);
    },
  };
}
