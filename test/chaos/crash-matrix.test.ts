import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "../../scripts/run.ts";
import { runCell } from "./cell.ts";
import type { Census } from "./disk.ts";
import { docsPage, leading, matrix, mayBeTwice, senders, shownOf, toldInTime, withMatrix } from "./matrix.ts";
import type { Result, Sender } from "./matrix.ts";
import { bundleForSteps, setUpSteps, type Scheduler, type StepRig } from "./step-rig.ts";
import { messagesOfACell, stepsOf, type Step } from "./steps.ts";

/** Set in the long form (`pnpm chaos`), which waits for the end of each lost lease and writes the page. */
const longRounds = Number(process.env["CHAOS_ROUNDS"] ?? 0);
const isLong = longRounds > 0;
const rounds = isLong ? longRounds : 1;

describe.each(["alarm", "qstash"] as const)(
  "kill -9 of the service at each step of a message's life, by %s",
  (scheduler) => {
    const folder = mkdtempSync(join(tmpdir(), "carillon-matrix-"));
    const rigs: { readonly sender: Sender; readonly rig: StepRig }[] = [];
    const results: Result[] = [];
    const steps = stepsOf(scheduler);

    beforeAll(async () => {
      const script = await bundleForSteps(folder);
      const wanted = Array.from({ length: rounds }, () => (isLong ? [...senders, toldInTime] : senders)).flat();
      await Promise.all(wanted.map(async (sender) => rigs.push({ sender, rig: await setUpSteps(script, scheduler) })));
    });
    afterAll(async () => {
      await Promise.all(rigs.map(({ rig }) => rig.tearDown()));
      rmSync(folder, { recursive: true });
    });

    it.each(
      steps
        .filter((step) => isLong || isTried(scheduler, step))
        .map((step) => [`${step.phase}: ${step.when}`, step] as const),
    )("%s", { timeout: 240_000 }, async (_, step) => {
      const concerned = rigs.filter(({ sender }) => sender !== toldInTime || step.window === true);
      await Promise.all(
        concerned.map(async ({ sender, rig }) => {
          const cell = await runCell(rig, step, sender, scheduler, isLong ? "leases" : "nothing");
          results.push({ step, sender, cell });
          // It was killed there, and nowhere else.
          expect(stood(cell.onDisk, step.onDisk)).toEqual(step.onDisk);
          expect(cell.takenBefore).toBe(step.taken ? messagesOfACell : 0);

          expect(cell.lost).toEqual([]);
          expect(cell.statuses).toEqual({ delivered: messagesOfACell - 1, bounced: 1 });
          expect(cell.twice).toHaveLength(mayBeTwice(step, sender) ? messagesOfACell : 0);
          expect(cell.marked).toEqual(cell.twice);
          // What was told is written down once, and has its effect once.
          expect(cell.events).toBe(cell.told);
          expect(cell.suppressions).toBe(1);
        }),
      );
    });

    it("is what the docs show", () => {
      console.log(matrix(results));
      const file = join(root, docsPage);
      let page = readFileSync(file, "utf8");
      if (isLong && process.env["UPDATE_DOCS"] === "1") {
        page = withMatrix(page, scheduler, results, rounds);
        writeFileSync(file, page);
      }
      expect(shownOf(page, scheduler), "run `pnpm chaos`").toEqual(steps.map(leading));
    });
  },
);

/** In the short form the second scheduler is tried where it differs: from what is planned to what is claimed. */
function isTried(scheduler: Scheduler, { phase }: Step): boolean {
  return scheduler === "alarm" || phase === "schedule" || phase === "claim";
}

/** What a census says of those that are expected; `some` for any. */
function stood(census: Census, expected: Partial<Readonly<Record<keyof Census, unknown>>>): object {
  const entries = Object.entries(expected).map(([name, count]) => {
    const found = census[name as keyof Census];
    return [name, count === "some" && found > 0 ? "some" : found];
  });
  return Object.fromEntries(entries) as object;
}
