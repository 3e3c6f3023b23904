import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { serviceApi, type ServiceApi } from "../../scripts/local/api.ts";
import type { LocalProcess } from "../../scripts/local/local-process.ts";
import { letTimePass } from "../chaos/disk.ts";
import { freePort, pause, until } from "../chaos/rig.ts";
import { bundle } from "../workerd/bundle.ts";
import { apiKey, currentMigrations, startServing, variables } from "../workerd/service.ts";
import { serveSimulator, type ServedSimulator } from "../workerd/simulator.ts";
import { builds, unpack } from "./builds.ts";

/** What is later than this is not due before the next start, and is then: so long is the service down between two builds. */
const laterMs = 60_000;
const downForMs = 61_000;

interface Bundle {
  readonly script: string;
  readonly migrations: string;
}

describe.each(builds().map((build) => [build.name, build] as const))("the build `%s` and this one", (_, build) => {
  let folder: string;
  let served: ServedSimulator;
  let port: number;
  let old: Bundle;
  let current: Bundle;
  let running: LocalProcess | undefined;
  let api: ServiceApi;
  /** Ids of all messages: of three of a kind, one is delivered, one clicked and one bounced. */
  const sent: string[] = [];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "carillon-builds-"));
    sent.length = 0;
    port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    served = await serveSimulator({ webhookTarget: url });
    api = serviceApi(url, apiKey);
    old = unpack(build, folder);
    current = { script: join(folder, "current.js"), migrations: currentMigrations };
    writeFileSync(current.script, await bundle("workers/notify/src/index.ts"));
  });
  afterEach(async () => {
    await running?.kill();
    running = undefined;
    await served.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Ends what runs, as a deploy does not even, and starts a build on what that had saved. */
  async function start({ script, migrations }: Bundle, front?: { readonly script: string; readonly port: number }) {
    if (running !== undefined) {
      await running.kill();
      letTimePass(join(folder, "state/do/service-Ledger"), downForMs);
    }
    running = await startServing({
      script,
      port,
      ...(front === undefined ? {} : { front }),
      state: join(folder, "state"),
      migrations,
      variables: { ...variables, SHARDS: "2" },
      services: { SIMULATOR: served.port },
    });
  }

  async function post(name: string, inMs = 0, through: ServiceApi = api): Promise<string> {
    const { messages } = await through.post({
      channel: "email",
      // As the first build spells it.
      to: ["delivered", "clicked", "bounced"].map((outcome) => ({ email: `${outcome}+${name}@simulator.test` })),
      content: { from: "ringer@example.com", subject: "Practice", text: "Tonight at seven.", metadata: { name } },
      providers: ["resend"],
      ...(inMs === 0 ? {} : { sendAt: new Date(Date.now() + inMs).toISOString() }),
    });
    sent.push(...messages.map(({ id }) => id));
    return name;
  }

  const statusesOf = (ids: readonly string[]): Promise<readonly string[]> =>
    Promise.all(ids.map(async (id) => (await api.message(id)).status));

  async function untilEnded(ids: readonly string[]): Promise<void> {
    await until(
      () => statusesOf(ids),
      (statuses) => statuses.every((status, index) => status === ["delivered", "clicked", "bounced"][index % 3]),
      30_000,
    );
  }

  const taken = (): number => served.simulator.store.witness().accepted;

  it("take turns on one state: old, new, old, new; what waits is sent by whoever runs, and once", async () => {
    await start(old);
    await post("old-now");
    await untilEnded(sent); // A deploy applies the directory's migrations first, while the old build still serves.
    await start({ ...old, migrations: current.migrations });
    const waiting = sent.length;
    await post("old-later", laterMs);
    // It dies in the midst of a request; the provider takes it all the same.
    served.simulator.store.addFault({ kind: "slow", delayMs: 1_000, times: 1 });
    await post("old-in-flight");
    await until(
      () => Promise.resolve(served.simulator.store.faults().length),
      (faults) => faults === 0,
      10_000,
    );
    await running?.kill();
    await pause(1_200);

    await start(current);
    await untilEnded(sent);
    expect(sent.length).toBe(waiting + 6);
    await post("new-now");
    await post("new-later", laterMs);
    await untilEnded(sent.slice(0, -3));

    await start(old);
    await untilEnded(sent);
    await post("old-again-now");
    await post("old-again-later", laterMs);
    await untilEnded(sent.slice(0, -3));

    await start(current);
    await untilEnded(sent);
    expect((await api.health()).ok).toBe(true);
    const { messages, duplicates } = served.simulator.store.witness();
    expect({ messages, duplicates }).toEqual({ messages: sent.length, duplicates: 0 });
    // Each bounce has suppressed its address, whoever heard of it.
    const bounced = sent.filter((_, index) => index % 3 === 2);
    await until(
      () => api.suppressingMessages(),
      (found) => bounced.every((id) => found.includes(id)),
      10_000,
    );
  });

  it.each(["old", "new"] as const)(
    "work side by side in a deploy that rolls out: requests and webhooks by one, shards of the %s one",
    async (shards) => {
      const [behind, before] = shards === "old" ? [old, current] : [current, old];
      const frontPort = await freePort();
      // The migrations of the directory come before the code that needs them.
      await start({ ...behind, migrations: current.migrations }, { script: before.script, port: frontPort });
      const front = serviceApi(`http://127.0.0.1:${frontPort}`, apiKey);
      const takenBefore = taken();
      await post("by-the-front", 0, front);
      await post("by-the-shards");
      await untilEnded(sent);
      for (const id of sent) {
        const [own, others] = await Promise.all([api.message(id), front.message(id)]);
        expect([others.status, others.timeline.length]).toEqual([own.status, own.timeline.length]);
      }
      expect((await front.health()).ok).toBe(true);
      expect(taken() - takenBefore).toBe(sent.length);
    },
  );
});
