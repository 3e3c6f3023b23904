import { existsSync } from "node:fs";
import { simulatorCredentials } from "@carillon/simulator";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { serviceApi, simulatorApi } from "../../scripts/local/api.ts";
import { adminApiKey } from "../../scripts/local/workers.ts";
import { endAll, freePort, launch, occupy, processesOf, removeFolder, scheduler, temporaryFolder } from "./launch.ts";

/** One home for the whole file: each test goes on where the one before it ended. */
const home = temporaryFolder();

/** What has become of the jobs that were published to the simulated QStash. */
async function jobStates(simulatorPort: number): Promise<readonly string[]> {
  const response = await fetch(`http://127.0.0.1:${simulatorPort}/qstash.upstash.io/v2/events`, {
    headers: { authorization: `Bearer ${simulatorCredentials.qstash.token}` },
  });
  const { events } = (await response.json()) as { readonly events: readonly { readonly state: string }[] };
  return events.map(({ state }) => state);
}

afterAll(() => {
  endAll();
  removeFolder(home);
});

describe("npm run demo", () => {
  let output = "";
  let exitCode: number | null = null;

  beforeAll(async () => {
    // Whoever has the usual port, it is taken.
    const usual = await occupy(8787);
    const demo = launch("demo", home);
    exitCode = await demo.exitCode;
    output = demo.output();
    await usual?.close();
  });

  it("exits with 0 on fresh state", () => {
    expect(exitCode, output).toBe(0);
    expect(output).toContain("Every message ended as it should.");
  });

  it("says which port it uses instead of one that is taken", () => {
    expect(output).toMatch(/Port 8787 is taken: using 8\d{3}\./);
  });

  it.each([
    [1, "delivered", /resend +delivered +webhook email\.delivered/],
    [2, "bounced", /carillon +suppressed +the address, from now on/],
    [3, "suppressed", /suppression +suppressed +bounced/],
    [4, "captured", /guard +captured/],
    [
      5,
      "delivered",
      // The webhook may be faster than our own record of the answer.
      /HTTP 503, next postmark\n(?=(.*\n)?.*postmark +accepted +HTTP 200\n)(.*\n)?.*postmark +delivered +webhook Delivery/,
    ],
    [6, "delivered", /recipient +unsubscribed +one click/],
    [7, "suppressed", /suppression +suppressed +one-click/],
    [8, "delivered", /resend +delivered +webhook email\.delivered/],
    [9, "delivered", /twilio +delivered +webhook delivered/],
    [10, "delivered", /slack +accepted +HTTP 200/],
    [11, "sent", /discord +accepted +HTTP 200/],
    [12, "sent", /webpush +accepted +HTTP 201/],
    [13, "sent", /fcm +accepted +HTTP 200/],
  ])("shows the timeline of message %i, which ends %s", (number, status, line) => {
    const section = output.split(/\n(?=\d+\. )/)[number] ?? "";
    expect(section).toMatch(new RegExp(`^${number}\\. `));
    expect(section).toMatch(line);
    expect(section).toMatch(new RegExp(`=> now +${status} +http://127\\.0\\.0\\.1:\\d+/console/message\\?id=msg_`));
  });

  it.each([
    ["resend", "clicked", "clicked", "opened"],
    ["sendgrid", "clicked", "clicked", "opened"],
    ["postmark", "clicked", "clicked", "opened"],
    ["mailgun", "clicked", "clicked", "opened"],
    // Without a configuration set SES tells of no clicks.
    ["ses", "clicked", "delivered", "delivered"],
    ["twilio", "delivered", "delivered", "sent"],
  ])("shows that %s may report late, twice and out of order", (provider, outcome, status, event) => {
    const [, section = ""] = output.split("Reported late, twice and out of order");
    expect(section).toMatch(new RegExp(`${provider} +${outcome} +${status} .*\\b${event}\\b`));
    if (provider === "twilio") return;
    for (const end of ["bounced", "complained"]) {
      expect(section).toMatch(new RegExp(`${provider} +${end} +${end} .*; its address suppressed`));
    }
  });

  it("prints the pages' addresses, and no colours where there is no terminal", () => {
    expect(output).toMatch(/Inbox +http:\/\/127\.0\.0\.1:\d+\//);
    expect(output).toMatch(/Console +http:\/\/127\.0\.0\.1:\d+\/console\/#key=/);
    expect(output).toContain(adminApiKey);
    expect(output).not.toContain("\u001b[");
    expect(output).not.toMatch(/warning/i);
  });

  it("says who wakes the shards", () => {
    expect(output).toMatch(scheduler === "qstash" ? /Woken by +QStash/ : /Woken by +the shards' own alarms/);
  });

  it("leaves no process behind", () => {
    expect(processesOf(home)).toEqual([]);
  });
});

describe("npm start", () => {
  it("refuses a port that is named and taken, and names it", async () => {
    const taken = await occupy(0);
    const port = String(taken?.port);
    for (const variable of ["PORT", "SIMULATOR_PORT"]) {
      const start = launch("start", home, { [variable]: port });
      expect(await start.exitCode).toBe(1);
      expect(start.output()).toBe(`Port ${port}, which ${variable} names, is taken. Free it, or name another.\n`);
    }
    await taken?.close();
  });

  it("refuses what is no port", async () => {
    const start = launch("start", home, { PORT: "eighty" });
    expect(await start.exitCode).toBe(1);
    expect(start.output()).toContain("PORT is not a port");
  });

  it("stays up with the state of before, keeps others off it, and leaves nothing behind when it is interrupted", async () => {
    const [port, simulatorPort] = [await freePort(), await freePort()];
    const start = launch("start", home, { PORT: String(port), SIMULATOR_PORT: String(simulatorPort) });
    await start.until(/Up until Ctrl-C/);
    expect(start.output()).toContain("Every message ended as it should.");

    const service = serviceApi(`http://127.0.0.1:${port}`, adminApiKey);
    const statuses = (await service.messages(50)).map(({ status }) => status);
    const left = ["delivered", "suppressed", "delivered"];
    const emails = [...left, "delivered", "captured", "suppressed", "bounced", "delivered"];
    const route = ["delivered", "clicked"];
    const demonstrated = [...route, "sent", "sent", "sent", "delivered", "delivered", ...emails];
    // Before these stand those that were reported in two manners.
    expect(statuses.slice(0, demonstrated.length)).toEqual(demonstrated);
    expect(statuses).toHaveLength(50);
    expect((await service.health()).ok).toBe(true);
    if (scheduler === "qstash") {
      const states = await jobStates(simulatorPort);
      expect(states).toContain("DELIVERED");
      expect(states).not.toContain("RETRY");
      expect(states).not.toContain("FAILED");
    }

    const second = launch("start", home);
    expect(await second.exitCode).toBe(1);
    expect(second.output()).toContain(`Carillon runs here already (process ${start.pid})`);
    const reset = launch("reset", home);
    expect(await reset.exitCode).toBe(1);
    expect(reset.output()).toContain(`The local service runs (process ${start.pid})`);

    // Kept like all else, for the demonstration after this one.
    await simulatorApi(`http://127.0.0.1:${simulatorPort}`).addFault({
      kind: "respond",
      recipient: "bounced+*@simulator.test",
      status: 422,
      body: { statusCode: 422, name: "validation_error", message: "Made to fail." },
    });
    expect(await start.interrupt()).toBe(0);
    expect(processesOf(home)).toEqual([]);
    await expect(fetch(`http://127.0.0.1:${port}/v1/health`)).rejects.toThrow();
    await expect(fetch(`http://127.0.0.1:${simulatorPort}/`)).rejects.toThrow();
  });

  it.each([0, 400, 1_500])("can be interrupted %i ms into its start", async (delayMs) => {
    const start = launch("start", home);
    await start.until(/Starting/);
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    expect(await start.interrupt()).toBe(0);
    expect(start.output()).toContain("Stopped.");
    expect(processesOf(home)).toEqual([]);
  });

  it("takes its workers with it when it is killed", async () => {
    const start = launch("start", home);
    await start.until(/Inbox/);
    expect(processesOf(home).length).toBeGreaterThan(0);
    process.kill(start.pid, "SIGKILL");
    await expect.poll(() => processesOf(home), { timeout: 5_000 }).toEqual([]);
  });
});

describe("a demonstration that goes wrong", () => {
  it("exits with 1 and says what differs", async () => {
    const demo = launch("demo", home);
    expect(await demo.exitCode).toBe(1);
    expect(demo.output()).toMatch(/\n2\. .+: should be bounced, is failed\n/);
    expect(demo.output()).not.toContain("Every message ended as it should.");
  });
});

describe("npm run reset", () => {
  it("clears the state, so that the demonstration begins afresh", async () => {
    const reset = launch("reset", home);
    expect(await reset.exitCode).toBe(0);
    expect(existsSync(home)).toBe(false);
  });
});
