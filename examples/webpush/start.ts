/** `npm start`: the service on this machine, and the application beside it; up until Ctrl-C. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { lock, openHome } from "../../scripts/local/home.ts";
import { choosePort } from "../../scripts/local/ports.ts";
import { migrateDirectory, startService, untilServiceIsUp } from "../../scripts/local/workers.ts";
import { run } from "../../scripts/run.ts";
import { createApp } from "./app.ts";

const folder = process.env["CARILLON_HOME"] ?? join(import.meta.dirname, ".carillon");

interface Secrets {
  readonly publicKey: string;
  readonly privateKey: string;
  readonly apiKey: string;
  readonly tokenKey: string;
  readonly receiptKey: string;
}

/** Made once and kept: browsers that subscribed with a VAPID key are lost without it. */
async function secrets(): Promise<Secrets> {
  const file = join(folder, "secrets.json");
  if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8")) as Secrets;
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign"]);
  const secret = (): string => Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64url");
  const made: Secrets = {
    publicKey: Buffer.from(await crypto.subtle.exportKey("raw", pair.publicKey)).toString("base64url"),
    privateKey: (await crypto.subtle.exportKey("jwk", pair.privateKey)).d ?? "",
    apiKey: `crl_${secret()}`,
    tokenKey: `example:${secret()}`,
    receiptKey: `example:${secret()}`,
  };
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(made), { mode: 0o600 });
  return made;
}

const home = openHome(folder);
const held = lock(home);
if ("heldBy" in held) {
  console.error(`The example runs already (process ${held.heldBy}).`);
  process.exit(1);
}
const stopped = new Promise<void>((resolve) => {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => resolve());
});

const { publicKey, privateKey, apiKey, tokenKey, receiptKey } = await secrets();
const { port: appPort } = await choosePort("APP_PORT", 5173);
const { port } = await choosePort("PORT", 8787, [appPort]);
const app = `http://localhost:${appPort}`;
console.log("Starting the service ...");
await run("node", ["scripts/generate.ts"], { stdio: "ignore" });
await migrateDirectory(home);
const variables = {
  ADMIN_API_KEY: apiKey,
  RECIPIENT_TOKEN_KEYS: tokenKey,
  PUSH_RECEIPT_KEYS: receiptKey,
  ALLOWED_ORIGINS: `${app},http://127.0.0.1:${appPort}`,
  // Push services write there when something is wrong. Apple refuses an address that cannot be.
  WEBPUSH_VAPID_SUBJECT: process.env["WEBPUSH_VAPID_SUBJECT"] ?? "mailto:push@example.com",
  WEBPUSH_VAPID_PUBLIC_KEY: publicKey,
  WEBPUSH_VAPID_PRIVATE_KEY: privateKey,
};
const service = startService(home, port, variables, "examples/webpush/wrangler.toml");
try {
  await untilServiceIsUp(service);
  const server = createApp({ service: service.url, apiKey, tokenKey }).listen(appPort, "localhost");
  console.log(`\n  ${app}\n\nUp until Ctrl-C.`);
  await Promise.race([stopped, service.ended.then(() => console.error(`The service ended: see ${service.logFile}`))]);
  server.closeAllConnections();
  server.close();
} finally {
  await service.stop();
  held.release();
}
