import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { letTimePass } from "./disk.ts";
import { pause, until } from "./rig.ts";
import { bundleForSteps, setUpSteps, type StepRig } from "./step-rig.ts";

/** A lease of a minute, and a moment. */
const leaseIsOverMs = 61_000;

/** Long enough that the first message is delivered before. */
const afterSeconds = 4;

interface Crash {
  readonly when: string;
  /** As `workers/notify/test/crash/worker.ts` tells it; absent: while the second step waits. */
  readonly at?: string;
}

describe("kill -9 of the service on somebody's way along a route", { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "carillon-route-"));
  let rig: StepRig;
  let people = 0;

  beforeAll(async () => {
    rig = await setUpSteps(await bundleForSteps(folder));
  });
  afterAll(async () => {
    await rig.tearDown();
    rmSync(folder, { recursive: true });
  });

  /** Accepts a route of two emails; the address says what becomes of the first. */
  async function post(outcome: string, after: string | undefined): Promise<{ readonly id: string; first: string }> {
    const mail = { from: "ringer@example.com", text: "Tonight at seven." };
    const second = { channel: "email", content: { ...mail, subject: "Again" } };
    const accepted = await rig.service.post({
      to: { email: `${outcome}+route-${(people += 1)}@simulator.test` },
      content: { email: { ...mail, subject: "Practice" } },
      route: [{ channel: "email" }, after === undefined ? second : { ...second, after, unless: "opened" }],
    });
    return { id: accepted.id, first: accepted.messages[0]?.id ?? "" };
  }

  async function states(id: string): Promise<readonly string[]> {
    const { people: walks } = await rig.service.notification(id);
    return walks?.[0]?.steps.map(({ state }) => state) ?? [];
  }

  /** How often the provider took each message of the notification, in the order of its steps. */
  async function taken(id: string): Promise<readonly number[]> {
    const { messages } = await rig.service.notification(id);
    return messages.map((one) => new Map(rig.simulator.store.witnessCounts(one.id)).get(one.id) ?? 0);
  }

  const byStatus = async (id: string): Promise<Readonly<Record<string, number>>> =>
    (await rig.service.notification(id)).byStatus;

  it.each<Crash>([
    { when: "the second step waits for its time" },
    { when: "its time has come, and nothing is written", at: "claim: not begun" },
    { when: "it is started, and that is not committed", at: "claim: written, not committed" },
    { when: "it is started and committed, and handed to nobody", at: "claim: committed" },
    { when: "its message is handed over, and no request is made", at: "send: no request made" },
    { when: "its provider has taken it, and the answer is not read", at: "send: taken, answer not read" },
    { when: "that is not committed", at: "record: written, not committed" },
  ])("loses and repeats no step when $when", async ({ at }) => {
    await rig.start();
    const { id } = await post("delivered", `${afterSeconds}s`);
    await until(
      () => byStatus(id),
      ({ delivered }) => delivered === 1,
      10_000,
    );
    await rig.simulator.settle();
    expect(await states(id)).toEqual(["started", "waiting"]);
    if (at === undefined) {
      await rig.kill();
      await pause(afterSeconds * 1_000);
    } else {
      await (
        await rig.killAt(at)
      ).done;
      letTimePass(rig.ledgers, leaseIsOverMs);
    }
    await rig.start();
    await until(
      () => byStatus(id),
      ({ delivered }) => delivered === 2,
      30_000,
    );
    expect(await states(id)).toEqual(["started", "started"]);
    expect(await taken(id)).toEqual([1, 1]);
  });

  it.each<Crash>([
    { when: "nothing is written", at: "ingest: not begun" },
    { when: "what it causes is not committed", at: "ingest: written, not committed" },
    { when: "the provider is not answered", at: "ingest: committed" },
  ])("takes the next step once when the first message bounces, and $when", async ({ at }) => {
    await rig.start();
    const kill = await rig.killAt(at ?? "");
    const { id } = await post("bounced", undefined);
    await kill.done;
    await rig.start();
    // Its address is suppressed by then, or bounces as well.
    const isOver = ({ bounced = 0, suppressed = 0 }: Readonly<Record<string, number>>): boolean =>
      bounced + suppressed === 2;
    await until(() => byStatus(id), isOver, 30_000);
    expect(await states(id)).toEqual(["started", "started"]);
    for (const times of await taken(id)) expect(times).toBeLessThanOrEqual(1);
  });

  it.each<Crash>([
    { when: "nothing is written", at: "ingest: not begun" },
    { when: "what it causes is not committed", at: "ingest: written, not committed" },
    { when: "the provider is not answered", at: "ingest: committed" },
  ])("calls the next step off when the first message is opened, and $when", async ({ at }) => {
    await rig.start();
    const kill = await rig.killAt(at ?? "");
    const { id } = await post("opened", "1h");
    await kill.done;
    await rig.start();
    await until(
      () => states(id),
      (steps) => steps[1] === "skipped",
      30_000,
    );
    expect(await taken(id)).toEqual([1]);
  });
});
