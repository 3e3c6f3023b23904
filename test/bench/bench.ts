import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { cases } from "./cases.ts";
import type { Measured } from "./cases.ts";
import { startHost } from "./host.ts";

/**
 * Measures the service beside what the same work costs without it, in turns within one run, so that a noisy machine
 * troubles both alike. `--update` writes the table into the README.
 */
const root = join(import.meta.dirname, "../..");
const rounds = Number(process.env["BENCH_ROUNDS"] ?? 5);

const host = await startHost();
const measured: Measured[] = [];
try {
  for (const { name, unit, rival, ours, theirs } of cases) {
    const pairs: [number, number][] = [];
    for (let round = 0; round < rounds; round++) pairs.push([await ours(host), await theirs(host)]);
    measured.push({ name, unit, rival, ours: pairs.map(([value]) => value), theirs: pairs.map(([, value]) => value) });
    console.log(`${name}: ${pairs.map((pair) => pair.map(Math.round).join(" / ")).join(", ")}`);
  }
} finally {
  await host.stop();
}
const table = [
  `| what | service | beside | rival | service / rival |`,
  `| --- | ---: | --- | ---: | ---: |`,
  ...measured.map(({ name, unit, rival, ours, theirs }) => {
    const ratio = median(ours.map((value, round) => value / (theirs[round] ?? Number.NaN)));
    return `| ${name} | ${count(median(ours))} ${unit} | ${rival} | ${count(median(theirs))} | ${ratio.toFixed(2)} |`;
  }),
].join("\n");
const text = `${table}\n\nMedians of ${rounds} rounds, taken in turns in one run on ${machine()}. ${bundleSize()}`;
console.log(`\n${text}`);
if (process.argv.includes("--update")) {
  const file = join(root, "README.md");
  const readme = readFileSync(file, "utf8");
  const marked = /<!-- bench:start -->[\s\S]*<!-- bench:end -->/;
  if (!marked.test(readme)) throw new Error("README.md has no bench markers");
  writeFileSync(
    file,
    readme.replace(marked, () => `<!-- bench:start -->\n\n${text}\n\n<!-- bench:end -->`),
  );
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

function machine(): string {
  const model = cpus()[0]?.model.trim() ?? "unknown processor";
  return `${cpus().length} cores of ${model}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.versions.node}`;
}

function bundleSize(): string {
  const output = execFileSync("wrangler", ["deploy", "--dry-run", "--minify"], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, WRANGLER_SEND_METRICS: "false", CLOUDFLARE_CF_FETCH_ENABLED: "false" },
  });
  const upload = /Total Upload: (.*)/.exec(output)?.[1];
  if (upload === undefined) throw new Error(`wrangler deploy --dry-run did not say the size:\n${output}`);
  return `\`wrangler deploy --dry-run --minify\`: ${upload.trim()}.`;
}
