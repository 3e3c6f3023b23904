import { spawn } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it, vi } from "vitest";
import { root } from "../../scripts/run.ts";
import { freePort } from "../chaos/rig.ts";
import { processesOf, removeFolder, temporaryFolder } from "../e2e/launch.ts";

const home = temporaryFolder();
afterAll(() => removeFolder(home));

it("the example starts with secrets of its own, serves its page and signs tokens, and leaves nothing behind", async () => {
  const [port, appPort] = [await freePort(), await freePort()];
  const env = { ...process.env, CARILLON_HOME: home, PORT: String(port), APP_PORT: String(appPort) };
  const child = spawn(process.execPath, ["examples/webpush/start.ts"], { cwd: root, env });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const exitCode = new Promise<number | null>((resolve) => child.once("close", resolve));
  try {
    await vi.waitFor(() => expect(output).toContain("Up until Ctrl-C."), { timeout: 90_000, interval: 100 });
    const app = `http://localhost:${appPort}`;
    expect(output).toContain(app);
    // Others' accounts on the machine must not read them.
    expect(statSync(join(home, "secrets.json")).mode & 0o077).toBe(0);
    expect(await (await fetch(app)).text()).toContain("Subscribe</button>");
    const session = await fetch(`${app}/session`);
    const { service, recipient } = (await session.json()) as Readonly<Record<string, string>>;
    const cookie = session.headers.get("set-cookie")?.split(";")[0] ?? "";
    expect((await fetch(`${service}/v1/push/config`)).status).toBe(200);

    const post = (site: string): Promise<Response> =>
      fetch(`${app}/token`, { method: "POST", headers: { cookie, "sec-fetch-site": site } });
    expect((await post("cross-site")).status).toBe(403);
    const token = await (await post("same-origin")).text();
    const subscriptions = (of: string): Promise<Response> =>
      fetch(`${service}/v1/recipients/${of}/push-subscriptions`, { headers: { authorization: `Bearer ${token}` } });
    expect(await (await subscriptions(recipient ?? "")).json()).toEqual({ subscriptions: [] });
    expect((await subscriptions("somebody-else")).status).toBe(403);
  } finally {
    child.kill("SIGINT");
  }
  expect(await exitCode, output).toBe(0);
  expect(existsSync(join(home, "service.pid"))).toBe(false);
  expect(processesOf(home)).toEqual([]);
});
