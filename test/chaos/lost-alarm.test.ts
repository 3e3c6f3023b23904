import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { letTimePass, loseAlarms } from "./disk.ts";
import { pause, post, recipients, setUp, statuses, until, type Rig } from "./rig.ts";

const minuteMs = 60_000;

describe("a shard whose alarm is lost", () => {
  let rig: Rig;

  beforeAll(async () => {
    rig = await setUp();
  });
  afterAll(() => rig.tearDown());

  it("is seen by the health check, and repaired by the cron alone", async () => {
    const posted = await post(rig, recipients(60), { provider: "resend", inMs: 30_000 });
    expect((await rig.service.health()).ok).toBe(true);
    await rig.crash();
    const ledgers = join(rig.home.serviceState, "v3/do/carillon-Ledger");
    expect(loseAlarms(ledgers)).toBe(1);
    letTimePass(ledgers, 10 * minuteMs);
    await rig.restart();

    const { ok, body } = await rig.service.health();
    expect(ok).toBe(false);
    expect(body.status).toBe("late");
    const late = body.shards.filter(({ lateMs }) => lateMs > 0);
    expect(late).toHaveLength(1);
    expect(late[0]?.lateMs).toBeGreaterThan(9 * minuteMs);
    expect(late[0]?.alarmLateMs).toBeGreaterThan(9 * minuteMs);

    // An alarm that was only overdue would have fired while the service started.
    await pause(3_000);
    expect(await rig.simulator.witness()).toMatchObject({ messages: 0 });
    expect(await statuses(rig, [posted])).toEqual({ scheduled: 60 });

    await rig.service.runCron();
    await until(
      () => statuses(rig, [posted]),
      ({ delivered }) => delivered === 60,
      30_000,
    );
    expect(await rig.simulator.witness()).toMatchObject({ messages: 60, duplicates: 0 });
    await until(
      () => rig.service.health(),
      ({ ok }) => ok,
      10_000,
    );
  });
});
