import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { simulatorCredentials } from "@carillon/simulator";
import { root } from "../../scripts/run.ts";
import { LocalProcessError, logTail, readLog, startProcess } from "../../scripts/local/local-process.ts";
import type { LocalProcess } from "../../scripts/local/local-process.ts";
import type { Serving } from "./serve.ts";

export const apiKey = "crl_local_development_only_admin_key";

const { resend, postmark, sendgrid } = simulatorCredentials;

/** Variables of a service whose providers are all the simulator. */
export const variables: Readonly<Record<string, string>> = {
  ENVIRONMENT: "development",
  GUARD: JSON.stringify({ allow: { email: ["*@simulator.test"] } }),
  PROVIDERS: "resend,postmark,sendgrid",
  // The simulator takes more than Resend does.
  RATES: JSON.stringify({ "resend:default": { perSecond: 200, burst: 200 } }),
  ADMIN_API_KEY: apiKey,
  RESEND_API_KEY: resend.apiKey,
  RESEND_WEBHOOK_SECRET: resend.webhookSecret,
  POSTMARK_SERVER_TOKEN: postmark.serverToken,
  POSTMARK_WEBHOOK_USERNAME: postmark.webhookUsername,
  POSTMARK_WEBHOOK_PASSWORD: postmark.webhookPassword,
  SENDGRID_API_KEY: sendgrid.apiKey,
  SENDGRID_WEBHOOK_PUBLIC_KEY: sendgrid.webhookPublicKey,
};

export const currentMigrations: string = join(root, "workers/notify/migrations");

const upWithinMs = 60_000;

/** Starts the service in processes of its own, a group that `kill` ends at once. Resolves when it answers. */
export async function startServing(serving: Serving, name = "service"): Promise<LocalProcess> {
  mkdirSync(serving.state, { recursive: true });
  const file = join(serving.state, `${name}.json`);
  writeFileSync(file, JSON.stringify(serving));
  const logFile = join(serving.state, `${name}.log`);
  const command = [process.execPath, join(import.meta.dirname, "serve.ts"), file];
  const started = startProcess(name, command, { logFile });
  const deadline = Date.now() + upWithinMs;
  while (!readLog(logFile).split("\n").includes("serving")) {
    if (started.hasEnded() || Date.now() > deadline) {
      await started.kill();
      throw new LocalProcessError(`The ${name} did not come up:\n${logTail(logFile)}`, logFile);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return started;
}
