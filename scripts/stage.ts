import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, toolEnvironment } from "./run.ts";

/** A part of the test run: one command. It counts as one check, or as the tests that Vitest says it ran. */
export interface Stage {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  /** Reads the counts from Vitest's JSON report. */
  readonly vitest?: boolean;
  /** Runs by itself: it measures time, or needs the whole machine. */
  readonly alone?: boolean;
}

export interface StageResult {
  readonly stage: Stage;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly seconds: number;
  readonly output: string;
}

export const logFolder: string = join(root, ".carillon/test-logs");

interface VitestReport {
  readonly success: boolean;
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
}

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** What a run of Vitest amounts to. A run that ended badly without a failed test (a file that cannot be loaded) has failed too. */
export function countVitest(report: VitestReport | undefined, exitCode: number): Counts {
  if (report === undefined) return { passed: 0, failed: 1, skipped: 0 };
  const { numPassedTests: passed, numFailedTests: failed, numPendingTests, numTodoTests } = report;
  const skipped = numPendingTests + numTodoTests;
  const ranNothing = passed + failed + skipped === 0;
  const brokeOtherwise = failed === 0 && (exitCode !== 0 || !report.success || ranNothing);
  return { passed, failed: brokeOtherwise ? 1 : failed, skipped };
}

function fileName(stage: Stage): string {
  return stage.name.replaceAll(/[^a-z0-9]+/g, "-");
}

function readReport(file: string): VitestReport | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as VitestReport;
  } catch {
    return undefined;
  }
}

/** Runs the stage and keeps what it printed in the log folder. Never rejects: what cannot be started has failed. */
export async function runStage(stage: Stage): Promise<StageResult> {
  mkdirSync(logFolder, { recursive: true });
  const reportFile = join(logFolder, `${fileName(stage)}.json`);
  rmSync(reportFile, { force: true });
  const [command, ...args] = stage.command;
  if (stage.vitest === true) args.push("--reporter=default", "--reporter=json", `--outputFile.json=${reportFile}`);

  const startedAt = performance.now();
  const { exitCode, output } = await capture(command, args);
  const seconds = (performance.now() - startedAt) / 1000;
  writeFileSync(join(logFolder, `${fileName(stage)}.log`), output);

  const counts =
    stage.vitest === true
      ? countVitest(readReport(reportFile), exitCode)
      : { passed: exitCode === 0 ? 1 : 0, failed: exitCode === 0 ? 0 : 1, skipped: 0 };
  return { stage, ...counts, seconds, output };
}

function capture(command: string, args: readonly string[]): Promise<{ exitCode: number; output: string }> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const env = {
      ...toolEnvironment(),
      NO_COLOR: "1",
      FORCE_COLOR: undefined,
      // Nothing in a test run looks anything up on the network.
      WRANGLER_SEND_METRICS: "false",
      CLOUDFLARE_CF_FETCH_ENABLED: "false",
    };
    const child = spawn(command, args, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.on("error", (error) => {
      chunks.push(Buffer.from(`${command} could not be started: ${error.message}\n`));
      resolve({ exitCode: 1, output: Buffer.concat(chunks).toString() });
    });
    child.on("close", (code) => resolve({ exitCode: code ?? 1, output: Buffer.concat(chunks).toString() }));
  });
}
