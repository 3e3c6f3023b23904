import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Health } from "../../scripts/local/api.ts";
import { pause, post, recipients, setUp, statuses, until, type Posted, type Rig } from "./rig.ts";

/** Crashes of the long form (`pnpm chaos`); the short one has one, at a chosen moment. */
const crashes = Number(process.env["CHAOS_CRASHES"] ?? 1);

/** A lease ends after a minute; what comes after it takes seconds. */
const repairedWithinMs = 110_000;

const providers = ["resend", "postmark", "sendgrid"] as const;

describe("kill -9 of the whole service", () => {
  let rig: Rig;

  beforeAll(async () => {
    rig = await setUp();
  });
  afterAll(() => rig.tearDown());
  beforeEach(async () => {
    await rig.simulator.deleteFaults();
    await rig.simulator.putSettings({});
    await rig.simulator.clear();
  });

  it("while 500 accepted messages wait: a start afterwards ends with all of them sent, each once", async () => {
    const dueInMs = 1_500;
    const posted: Posted[] = [];
    for (const provider of ["resend", "postmark", "resend", "sendgrid", "postmark"]) {
      posted.push(await post(rig, recipients(100), { provider, inMs: dueInMs }));
    }
    await rig.crash();
    expect(await rig.simulator.witness()).toMatchObject({ messages: 0 });
    await pause(dueInMs);

    await rig.restart();
    const witness = await until(
      () => rig.simulator.witness(),
      ({ messages }) => messages === 500,
      30_000,
    );
    expect(witness).toMatchObject({ messages: 500, duplicates: 0 });
    await until(
      () => statuses(rig, posted),
      ({ delivered }) => delivered === 500,
      60_000,
    );
  });

  it(
    "in mid-send: nothing is lost, and only what has neither key nor webhook goes out twice",
    { timeout: 240_000 * crashes },
    async () => {
      // Who calls back in time tells what became of a message although our own record is lost. Two of them do not.
      const late = { delayMs: 600_000 };
      await rig.simulator.putSettings({ providers: { resend: late, postmark: late } });
      const posted: Record<(typeof providers)[number], Posted[]> = { resend: [], postmark: [], sendgrid: [] };
      for (let crash = 1; crash <= crashes; crash++) {
        const before = (await rig.simulator.witness()).messages;
        for (const provider of ["resend", "postmark"] as const) {
          posted[provider].push(await post(rig, recipients(50), { provider }));
          posted[provider].push(await post(rig, recipients(50), { provider, inMs: 5_000 }));
        }
        if (crashes === 1)
          await until(
            () => rig.simulator.witness(),
            ({ messages }) => messages === before + 100,
            20_000,
          );
        // In flight while the service dies: the simulator takes them, and nobody hears of it.
        for (const provider of providers) {
          await rig.simulator.addFault({
            kind: "slow",
            provider,
            recipient: "delivered+slow-*",
            delayMs: 8_000,
            times: 1,
          });
          posted[provider].push(await post(rig, recipients(100, "slow"), { provider }));
        }
        if (crashes === 1)
          await until(
            () => rig.simulator.countFaults(),
            (waiting) => waiting === 0,
            20_000,
          );
        else await pause(Math.random() * 10_000);
        await rig.crash();
        await rig.simulator.deleteFaults();
        await rig.restart();
      }

      const all = Object.values(posted).flat();
      const ids = all.flatMap(({ messages }) => messages);
      expect(ids).toHaveLength(500 * crashes);
      const idle = (health: Health): boolean =>
        health.shards.every(({ oldestDueAt, oldestLeaseAt }) => oldestDueAt === null && oldestLeaseAt === null);
      await until(
        () => rig.service.health(),
        ({ body }) => idle(body),
        repairedWithinMs,
      );

      const acceptances = await rig.simulator.acceptances();
      const twice = (of: readonly Posted[]): readonly string[] =>
        of.flatMap(({ messages }) => messages.filter((id) => (acceptances.get(id) ?? 0) > 1));
      const lost = ids.filter((id) => !acceptances.has(id));
      console.log(
        [
          "| crashes in mid-send | messages | lost | twice: Resend (key) | twice: SendGrid (webhook) | twice: Postmark (neither) |",
          "| --- | --- | --- | --- | --- | --- |",
          `| ${[crashes, ids.length, lost.length, ...[posted.resend, posted.sendgrid, posted.postmark].map((of) => twice(of).length)].join(" | ")} |`,
        ].join("\n"),
      );
      expect(lost).toEqual([]);
      expect(twice(posted.resend)).toEqual([]);
      const { sent = 0, delivered = 0 } = await statuses(rig, all);
      expect(sent + delivered).toBe(ids.length);
      // At least once, and never without saying so.
      for (const id of [...twice(posted.postmark), ...twice(posted.sendgrid)].slice(0, 25)) {
        expect(await rig.service.message(id)).toMatchObject({ possibleDuplicate: true });
      }
      if (crashes > 1) return;
      // What was in flight when the one crash came, and nothing else.
      expect(twice(posted.sendgrid)).toEqual([]);
      expect(twice(posted.postmark).length).toBeGreaterThan(0);
      expect(posted.postmark.at(-1)?.messages).toEqual(expect.arrayContaining([...twice(posted.postmark)]));
    },
  );
});
