/**
 * Measures the SDK beside the official ones, in turns within one run. `--update` writes the tables into
 * docs/benchmarks.md. `BENCH_ROUNDS` (5) and `BENCH_MS` (1000), the length of a round, make it quicker or surer.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkPackage } from "../../../scripts/build.ts";
import { root, run } from "../../../scripts/run.ts";
import { weighPair } from "./bundles.ts";
import { sends } from "./cases.ts";
import { timeImports } from "./imports.ts";
import { pairs } from "./packages.ts";
import { pushRequests } from "./push-requests.ts";
import { report } from "./report.ts";
import { measure, type Measured, startSink } from "./rounds.ts";
import type { Case } from "./case.ts";
import { measureWorkerd } from "./workerd.ts";

const rounds = Number(process.env["BENCH_ROUNDS"] ?? 5);
const forMs = Number(process.env["BENCH_MS"] ?? 1000);
const importRounds = 10;
/** Requests of one round in workerd. */
const workerdRequests = 1000;

const sink = await startSink();
/** A copy of the built package, which another build in the meantime does not take away. */
const published = mkdtempSync(join(tmpdir(), "carillon-bench-"));

async function measureAll(cases: readonly Case[]): Promise<readonly Measured[]> {
  const all: Measured[] = [];
  for (const one of cases) {
    const measured = await measure(one, sink.url, { rounds, forMs });
    for (const { name, inFlight, ratio } of measured) {
      console.log(`${name}, ${inFlight} in flight: ${ratio.median.toFixed(2)} of ${one.rival}`);
    }
    all.push(...measured);
  }
  return all;
}

try {
  await checkPackage("packages/carillon");
  for (const part of ["package.json", "dist"]) {
    cpSync(join(root, "packages/carillon", part), join(published, part), { recursive: true });
  }
  const text = report({
    rounds,
    requests: await measureAll(pushRequests),
    workerd: await measureWorkerd(rounds, workerdRequests),
    sends: await measureAll(sends),
    bundles: await Promise.all(pairs.map(async (pair) => [pair, await weighPair(pair)] as const)),
    imports: await timeImports(join(published, "dist"), pairs, importRounds),
  });
  console.log(`\n${text}`);
  if (process.argv.includes("--update")) await update(text);
} finally {
  sink.stop();
  rmSync(published, { recursive: true });
}

async function update(text: string): Promise<void> {
  const file = "docs/benchmarks.md";
  const page = readFileSync(join(root, file), "utf8");
  const marked = /<!-- bench:start -->[\s\S]*<!-- bench:end -->/;
  if (!marked.test(page)) throw new Error(`${file} has lost its markers`);
  writeFileSync(
    join(root, file),
    page.replace(marked, () => `<!-- bench:start -->\n\n${text}\n\n<!-- bench:end -->`),
  );
  await run("oxfmt", [file]);
}
