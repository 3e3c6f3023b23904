/**
 * Measures receivers beside the official verifiers, in turns within one run. `--update` writes the table into
 * docs/benchmarks.md. `BENCH_ROUNDS` (5) and `BENCH_MS` (1000), the length of a round, make it quicker or surer.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, run } from "../../../scripts/run.ts";
import { versionOf } from "../sdk/packages.ts";
import { count, machine, table, thousandths, times } from "../sdk/report.ts";
import { measure, type Measured } from "../sdk/rounds.ts";
import { verifications } from "./cases.ts";

const rounds = Number(process.env["BENCH_ROUNDS"] ?? 5);
const forMs = Number(process.env["BENCH_MS"] ?? 1000);
const only = process.argv.slice(2).find((argument) => !argument.startsWith("--"));

const measured: Measured[] = [];
for (const one of verifications.filter(({ name }) => only === undefined || name.includes(only))) {
  for (const score of await measure(one, "", { rounds, forMs })) {
    console.log(`${score.name}, ${score.inFlight} in flight: ${times(score.ratio)} of ${one.rival}`);
    measured.push(score);
  }
}

const versions = [...new Set(measured.map(({ rival }) => rival))].map((rival) => `${rival} ${versionOf(rival)}`);
const text = [
  `${new Date().toISOString().slice(0, 10)}, ${machine()}. Medians of ${rounds} rounds; in brackets, between what the ratios of the rounds lay. Beside: ${versions.join(", ")}.`,
  table(
    ["webhook", "beside", "in flight", "Carillon", "official", "ratio", "CPU ms each", "official"],
    measured.map(({ name, rival, inFlight, perSecond, cpuMsEach, ratio }) => [
      name,
      rival,
      String(inFlight),
      count(perSecond.carillon),
      count(perSecond.official),
      times(ratio),
      thousandths(cpuMsEach.carillon),
      thousandths(cpuMsEach.official),
    ]),
  ),
].join("\n\n");
console.log(`\n${text}`);

if (process.argv.includes("--update")) {
  const file = "docs/benchmarks.md";
  const page = readFileSync(join(root, file), "utf8");
  const marked = /<!-- verify:start -->[\s\S]*<!-- verify:end -->/;
  if (!marked.test(page)) throw new Error(`${file} has lost its markers`);
  const block = `<!-- verify:start -->\n\n${text}\n\n<!-- verify:end -->`;
  writeFileSync(
    join(root, file),
    page.replace(marked, () => block),
  );
  await run("oxfmt", [file]);
}
