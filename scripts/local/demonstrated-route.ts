import { subscribe } from "../../packages/simulator/src/push/fake-browser.ts";
import type { MessageView, NotificationView } from "./api.ts";
import * as content from "./demonstrated-content.ts";
import type { Scene } from "./demonstration.ts";
import { tinted, toneOf } from "./terminal.ts";
import { formatLine, timelineOf, type TimelineLine } from "./timeline.ts";

const title = "Another way: a push, a text when nobody confirms it, and an email unless it is opened";

/** Minutes are seconds here; the email's hour is long enough for a slow machine to be done with the rest before. */
const route = [
  { channel: "webpush" },
  { channel: "sms", after: "2s", unless: "delivered" },
  { channel: "email", after: "60s", unless: "opened" },
] as const;

const pollMs = 60;
const patienceMs = 30_000;

/**
 * One person and a route: their browser says nothing, so that they get a text; then they click the push, which comes too
 * late for the text, and calls off the email. Prints what happens, and answers what went wrong.
 */
export async function demonstrateRoute(scene: Scene, number: number): Promise<readonly string[]> {
  const { print, signal } = scene;
  print("");
  print(`${tinted("strong", `${number}. ${title}`)}  ${tinted("dim", "a browser, a phone and a mailbox")}`);
  try {
    const wrong = await play(scene);
    for (const line of wrong) print(tinted("bad", `           ${line}`));
    return wrong.map((line) => `${number}. ${title}: ${line}`);
  } catch (error) {
    signal.throwIfAborted();
    return [`${number}. ${title}: ${error instanceof Error ? error.message : String(error)}`];
  }
}

async function play(scene: Scene): Promise<readonly string[]> {
  const { service, simulator, print, pageOf } = scene;
  const run = Date.now().toString(36);
  const browser = `delivered-route-${run}`;
  const { id } = await service.post({
    to: { webpush: await subscribe({ name: browser }), sms: "+15005550010", email: `delivered+${run}@simulator.test` },
    content: { webpush: content.alarm, sms: content.alarmText, email: content.alarmEmail },
    route,
  });
  const shown = new Set<string>();
  const follow = (isSo: (found: Found) => boolean, what: string): Promise<Found> => until(scene, id, shown, isSo, what);
  await follow(({ statuses }) => statuses.sms === "delivered", "the text to be delivered");
  await click(await simulator.pushPayload(browser));
  const { statuses, view, messages } = await follow(
    (found) => found.statuses.webpush === "clicked" && stateOf(found.view, 3) === "skipped",
    "the email to be called off",
  );
  const email = view.people?.[0]?.steps[2];
  print(`${" ".repeat(9)}  ${"route".padEnd(12)}  ${"called off".padEnd(12)}  the email: ${email?.reason ?? ""}`);
  for (const message of messages) {
    const now = tinted(toneOf(message.status), message.status.padEnd(12));
    print(`${" ".repeat(9)}  ${"=> now".padEnd(12)}  ${now}  ${pageOf(message.id)}`);
  }
  const differences: string[] = [];
  if (stateOf(view, 2) !== "started" || view.people?.[0]?.steps[1]?.because !== "time") {
    differences.push("the text should be sent because its time had come");
  }
  if (statuses.email !== undefined) differences.push(`there should be no email, and it is ${statuses.email}`);
  return differences;
}

interface Found {
  readonly view: NotificationView;
  readonly messages: readonly MessageView[];
  /** By channel. */
  readonly statuses: Readonly<Partial<Record<(typeof route)[number]["channel"], string>>>;
}

function stateOf({ people }: NotificationView, step: number): string | undefined {
  return people?.[0]?.steps[step - 1]?.state;
}

/** Prints each line of the messages' timelines as it comes, until it is so. */
async function until(
  { service, print, signal }: Scene,
  id: string,
  shown: Set<string>,
  isSo: (found: Found) => boolean,
  what: string,
): Promise<Found> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    signal.throwIfAborted();
    const view = await service.notification(id);
    const messages = await Promise.all(view.messages.map((one) => service.message(one.id)));
    const [first] = messages;
    const lines = messages.flatMap((message) => {
      // All have been accepted at one moment; the first one's line says so.
      const own = timelineOf(message).slice(message === first ? 0 : 1);
      return own.map((line, index): [string, TimelineLine] => [`${message.id} ${index}`, line]);
    });
    for (const [key, line] of lines.toSorted(([, a], [, b]) => a.seconds - b.seconds)) {
      if (shown.size < shown.add(key).size) print(formatLine(line, (tone, text) => tinted(toneOf(tone), text)));
    }
    const statuses = Object.fromEntries(view.messages.map(({ channel, status }) => [channel, status]));
    const found: Found = { view, messages, statuses };
    if (isSo(found)) return found;
    if (Date.now() > deadline) throw new Error(`waited ${patienceMs / 1000} s for ${what}, in vain`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

/** What the app's service worker does when its notification is clicked: it sends back the receipt that came with it. */
async function click(payload: string): Promise<void> {
  const { notification } = JSON.parse(payload) as {
    readonly notification?: {
      readonly data?: { readonly carillon?: { readonly receipt: string; readonly url: string } };
    };
  };
  const { receipt, url } = notification?.data?.carillon ?? {};
  if (receipt === undefined || url === undefined) throw new Error("its push should bring a receipt, and has none");
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ receipt, event: "clicked", at: new Date().toISOString() }),
    signal: AbortSignal.timeout(10_000),
  });
  if (!answer.ok) throw new Error(`its receipt should be taken, and was answered ${answer.status}`);
}
