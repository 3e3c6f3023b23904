/**
 * Measures the service: how late it sends, how much a second, and what it costs. `--update` writes the tables into
 * docs/benchmarks.md. `BENCH_MANY` (100000) is the number of messages of the largest scenario.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, run } from "../../../scripts/run.ts";
import { measureCost, type Cost, type Scenario } from "./cost.ts";
import { report } from "./report.ts";
import { measureLatency, measureThroughput, type Throughput } from "./speed.ts";

const many = Number(process.env["BENCH_MANY"] ?? 100_000);
const forMs = Number(process.env["BENCH_MS"] ?? 3_000);

const scenarios: readonly Scenario[] = [
  { name: "a request each; Resend", messages: 1_000, recipients: 1, provider: "resend", variables: {} },
  { name: "one request; SendGrid", messages: 1_000, recipients: 1_000, provider: "sendgrid", variables: {} },
  { name: "requests of 1,000; SendGrid", messages: many, recipients: 1_000, provider: "sendgrid", variables: {} },
  {
    name: "a request each; Resend; `PLAN=free`",
    messages: 1_000,
    recipients: 1,
    provider: "resend",
    variables: { PLAN: "free" },
  },
  {
    name: "a request each; Resend; `SCHEDULER=qstash`",
    messages: 1_000,
    recipients: 1,
    provider: "resend",
    variables: { SCHEDULER: "qstash" },
  },
];

const latencies = await measureLatency(1_000);
const throughputs: Throughput[] = [];
for (const shards of [1, 4, 16]) throughputs.push(await measureThroughput(shards, forMs));
const costs: Cost[] = [];
for (const scenario of scenarios) {
  costs.push(await measureCost(scenario));
  console.log(`${scenario.name}, ${scenario.messages}: ${costs.at(-1)?.seconds.toFixed(0)} s`);
}
const text = report({ latencies, throughputs, costs });
console.log(`\n${text}`);

if (process.argv.includes("--update")) {
  const file = "docs/benchmarks.md";
  const page = readFileSync(join(root, file), "utf8");
  const marked = /<!-- delivery:start -->[\s\S]*<!-- delivery:end -->/;
  if (!marked.test(page)) throw new Error(`${file} has lost its markers`);
  const block = `<!-- delivery:start -->\n\n${text}\n\n<!-- delivery:end -->`;
  writeFileSync(
    join(root, file),
    page.replace(marked, () => block),
  );
  await run("oxfmt", [file]);
}
