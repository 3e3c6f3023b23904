import { demonstratedMessages, type Demonstrated } from "./demonstrated-messages.ts";
import type { MessageView, ServiceApi, SimulatorApi } from "./api.ts";
import { demonstrateRoute } from "./demonstrated-route.ts";
import { formatLine, timelineOf } from "./timeline.ts";
import { tinted, toneOf } from "./terminal.ts";

export interface Scene {
  readonly service: ServiceApi;
  readonly simulator: SimulatorApi;
  readonly pageOf: (messageId: string) => string;
  readonly print: (line: string) => void;
  readonly signal: AbortSignal;
}

const pollMs = 60;

/** A message that will not get where it should is given up after this: its retries may take so long. */
const patienceMs = 45_000;
const suppressedWithinMs = 10_000;

/** Statuses that no later event of a demonstration changes: the wrong one of these is not waited out. */
const final = new Set(["captured", "suppressed", "delivered", "bounced", "complained", "failed", "held"]);
const lastEventsWithinMs = 3_000;

/** Sends the messages one after the other, prints what becomes of each as it happens, and answers what went wrong. */
export async function demonstrate(scene: Scene): Promise<readonly string[]> {
  const differences: string[] = [];
  const messages = await demonstratedMessages(runName());
  for (const [index, message] of messages.entries()) {
    scene.print("");
    scene.print(`${tinted("strong", `${index + 1}. ${message.title}`)}  ${tinted("dim", message.shown)}`);
    try {
      const view = await follow(scene, message);
      const wrong = differencesOf(message, view);
      for (const line of wrong) scene.print(tinted("bad", `           ${line}`));
      differences.push(...wrong.map((line) => `${index + 1}. ${message.title}: ${line}`));
    } catch (error) {
      scene.signal.throwIfAborted();
      differences.push(`${index + 1}. ${message.title}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return [...differences, ...(await demonstrateRoute(scene, messages.length + 1))];
}

function show(status: string, text: string): string {
  return tinted(toneOf(status), text);
}

/** In every address of a run, so that what an earlier run got suppressed does not stand in its way. */
function runName(): string {
  return Date.now().toString(36).slice(-5);
}

async function follow(scene: Scene, demonstrated: Demonstrated): Promise<MessageView> {
  const { service, simulator, print } = scene;
  const { channel, to, content, category, fault, expected, suppresses = false, unsubscribes = false } = demonstrated;
  if (fault !== undefined) await simulator.addFault(fault);
  const accepted = await service.post({ channel, to, content, ...(category && { category }) });
  const id = accepted.messages[0]?.id ?? "";
  const view = await watch(scene, id, expected.status);
  if (suppresses && view.status === expected.status) {
    await untilSuppressed(scene, id);
    const seconds = (Date.now() - Date.parse(view.acceptedAt)) / 1000;
    print(formatLine({ seconds, who: "carillon", what: "suppressed", note: "the address, from now on" }, show));
  }
  if (unsubscribes) {
    await leaveByOneClick(simulator, id);
    const seconds = (Date.now() - Date.parse(view.acceptedAt)) / 1000;
    print(formatLine({ seconds, who: "recipient", what: "unsubscribed", note: "one click, no page" }, show));
  }
  print(`${" ".repeat(9)}  ${"=> now".padEnd(12)}  ${show(view.status, view.status.padEnd(12))}  ${scene.pageOf(id)}`);
  return view;
}

/** What a mail program's button does: a plain form to the link of the header, without cookies or redirects (RFC 8058). */
async function leaveByOneClick(simulator: SimulatorApi, id: string): Promise<void> {
  const header = (await simulator.header(id, "list-unsubscribe")) ?? "";
  const link = /<(https?:[^>]+)>/.exec(header)?.[1];
  if (link === undefined) throw new Error("its email should have a link to unsubscribe, and has none");
  const body = new URLSearchParams({ "List-Unsubscribe": "One-Click" });
  const answer = await fetch(link, { method: "POST", body, redirect: "manual", signal: AbortSignal.timeout(10_000) });
  if (answer.status !== 200) throw new Error(`one click should be answered 200, and was answered ${answer.status}`);
}

/** Prints each line of the timeline as it comes, until the message has the wanted status, or will not get it. */
async function watch({ service, print, signal }: Scene, id: string, wanted: string): Promise<MessageView> {
  const startedAtMs = Date.now();
  let shown = 0;
  let finalSinceMs = Infinity;
  for (;;) {
    signal.throwIfAborted();
    const view = await service.message(id);
    const nowMs = Date.now();
    const lines = timelineOf(view);
    for (const line of lines.slice(shown)) print(formatLine(line, show));
    shown = lines.length;
    if (view.status === wanted || nowMs - startedAtMs > patienceMs) return view;
    if (!final.has(view.status) || view.nextTryAt !== undefined) finalSinceMs = Infinity;
    else if (finalSinceMs === Infinity) finalSinceMs = nowMs;
    if (nowMs - finalSinceMs > lastEventsWithinMs) return view;
    await pause();
  }
}

async function untilSuppressed({ service, signal }: Scene, id: string): Promise<void> {
  const deadline = Date.now() + suppressedWithinMs;
  while (!(await service.suppressingMessages()).includes(id)) {
    signal.throwIfAborted();
    if (Date.now() > deadline) throw new Error("its address should be suppressed, and is not");
    await pause();
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, pollMs));
}

/** What a message has come to, against what it should have. */
export function differencesOf(
  { expected }: Pick<Demonstrated, "expected">,
  view: Pick<MessageView, "status" | "timeline">,
): readonly string[] {
  const differences: string[] = [];
  if (view.status !== expected.status) differences.push(`should be ${expected.status}, is ${view.status}`);
  const providers = view.timeline.filter(({ kind }) => kind === "attempt").map(({ provider = "" }) => provider);
  const tried = providers.filter((provider, index) => provider !== providers[index - 1]);
  if (tried.join() !== expected.providers.join()) {
    differences.push(`should be tried by ${listOf(expected.providers)}, was tried by ${listOf(tried)}`);
  }
  return differences;
}

function listOf(providers: readonly string[]): string {
  return providers.length === 0 ? "nobody" : providers.join(", then ");
}
