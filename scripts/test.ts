/**
 * Runs every check, or those whose names begin with an argument (`node scripts/test.ts lint types`), two at a time.
 * What a failed one printed is shown whole; all of it is kept in .carillon/test-logs. The last line counts.
 */
import { runStage, type Stage, type StageResult } from "./stage.ts";
import { generate, stages } from "./stages.ts";

const atOnce = 2;

const wanted = process.argv.slice(2);
const chosen = stages().filter(({ name }) => wanted.length === 0 || wanted.some((prefix) => name.startsWith(prefix)));
const results: StageResult[] = [];

function report(result: StageResult): void {
  const { stage, passed, failed, skipped, seconds, output } = result;
  const failing = failed > 0;
  const counts = [
    `${passed} passed`,
    ...(failing ? [`${failed} failed`] : []),
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
  ];
  console.log(`[${stage.name}] ${failing ? "FAILED" : "ok"} in ${seconds.toFixed(1)} s: ${counts.join(", ")}`);
  // A table is worth reading when all is well, too.
  const shown = output.split("\n").filter((line) => failing || line.startsWith("| "));
  for (const line of shown) console.log(`[${stage.name}] ${line}`);
}

async function perform(stage: Stage): Promise<void> {
  console.log(`[${stage.name}] $ ${stage.command.join(" ")}`);
  const result = await runStage(stage);
  results.push(result);
  report(result);
}

async function drain(queue: Stage[]): Promise<void> {
  for (let stage = queue.shift(); stage !== undefined; stage = queue.shift()) await perform(stage);
}

await perform(generate);
const together = chosen.filter(({ alone }) => alone !== true);
await Promise.all(Array.from({ length: atOnce }, () => drain(together)));
await drain(chosen.filter(({ alone }) => alone === true));

function sum(count: "passed" | "failed" | "skipped"): number {
  return results.reduce((total, result) => total + result[count], 0);
}

const failures = results.filter(({ failed }) => failed > 0);
console.log("");
if (failures.length > 0) console.log(`Failed: ${failures.map(({ stage }) => stage.name).join(", ")}.`);
if (chosen.length === 0) console.log(`No check begins with ${wanted.join(" or ")}.`);
const failed = sum("failed") + (chosen.length === 0 ? 1 : 0);
if (failed > 0) process.exitCode = 1;
console.log(`${sum("passed")} passed, ${failed} failed${sum("skipped") > 0 ? `, ${sum("skipped")} skipped` : ""}`);
