import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { pause, post, recipients, setUp, statuses, until, type Posted, type Rig } from "./rig.ts";

/** Whatever happens to the queue that wakes the shards: messages may be late, and each is sent once. */
describe("QStash", () => {
  let rig: Rig;

  beforeAll(async () => {
    rig = await setUp("qstash");
  });
  afterAll(() => rig.tearDown());
  beforeEach(async () => {
    await rig.simulator.deleteFaults();
    await rig.simulator.putSettings({});
    await rig.simulator.clear();
  });

  async function posted(count: number, inMs?: number): Promise<readonly Posted[]> {
    const each = ["resend", "postmark", "sendgrid"].map((provider) =>
      post(rig, recipients(count / 3), inMs === undefined ? { provider } : { provider, inMs }),
    );
    return Promise.all(each);
  }

  async function allDelivered(all: readonly Posted[], withinMs: number): Promise<void> {
    const count = all.reduce((sum, { messages }) => sum + messages.length, 0);
    await until(
      () => statuses(rig, all),
      ({ delivered }) => delivered === count,
      withinMs,
    );
    expect(await rig.simulator.witness()).toMatchObject({ messages: count, duplicates: 0 });
  }

  it("that calls while the service is down comes again, and all is sent once", async () => {
    const dueInMs = 3_000;
    const waiting = await posted(300, dueInMs);
    await rig.crash();
    await pause(dueInMs + 1_500);
    expect(await rig.simulator.witness()).toMatchObject({ messages: 0 });
    await rig.restart();
    await allDelivered(waiting, 60_000);
  });

  it("may be left for the alarm, and taken again, while messages wait", async () => {
    for (const by of ["alarm", "qstash"] as const) {
      await rig.simulator.clear();
      const waiting = await posted(30, 4_000);
      await rig.crash();
      await rig.restart(by);
      await allDelivered(waiting, 60_000);
    }
  });

  it("that calls twice for each wake changes nothing", async () => {
    await rig.simulator.putSettings({ providers: { qstash: { duplicate: true } } });
    await allDelivered([...(await posted(60)), ...(await posted(60, 2_000))], 30_000);
    // And it was asked: no alarm has sent these in its place.
    expect((await rig.service.health()).body.scheduler).toEqual({
      wanted: "qstash",
      used: "qstash",
      silentGenerations: 0,
    });
  });

  it("that takes nothing delays nothing: the shards' own alarms send, and /v1/health says why", async () => {
    await rig.simulator.addFault({ kind: "unavailable", provider: "qstash" });
    await allDelivered([...(await posted(30)), ...(await posted(30, 2_000))], 30_000);
    const { ok, body } = await rig.service.health();
    expect(ok).toBe(true);
    expect(body.scheduler).toMatchObject({ used: "qstash", publishing: { reason: "HTTP 503" } });
  });
});
