import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { root } from "../../scripts/run.ts";
import { providerIds } from "../../scripts/workspace.ts";
import { program } from "./program.ts";
import { allRuntimes, type Results } from "./runtimes.ts";
import { docsPage, withTable } from "./table.ts";
import { makeTasks, startSimulator, type Bench } from "./tasks.ts";
import type { Task } from "./program.ts";

const { folder } = inject("consumer");
const ids = providerIds();
const runtimes = await allRuntimes();
const results = new Map<string, Results>();
let bench: Bench;
let tasks: readonly Task[];

beforeAll(async () => {
  bench = await startSimulator();
  tasks = await makeTasks(ids, bench);
  writeFileSync(join(folder, "program.mjs"), program(ids));
});

afterAll(() => bench.close());

describe("every provider in every runtime", () => {
  it.each(runtimes)("$name $version sends and receives", async (runtime) => {
    const found = await runtime.run(folder, { simulator: bench.url, tasks });
    results.set(runtime.name, found);
    const expected = tasks.map(({ id, webhook }) => [id, { sent: "ok", received: webhook ? "ok" : "none" }]);
    expect(found).toEqual(Object.fromEntries(expected));
  });

  it("has every message at the simulator, once for each runtime and once from the making of the webhooks", () => {
    const counts = ids.map((id) => [id, bench.simulator.store.messages({ provider: id }, 1000).items.length]);
    expect(Object.fromEntries(counts)).toEqual(Object.fromEntries(ids.map((id) => [id, runtimes.length + 1])));
  });

  it("stands in the docs as it ran", () => {
    const file = join(root, docsPage);
    const page = readFileSync(file, "utf8");
    const fresh = withTable(page, ids, results);
    if (process.env["UPDATE_DOCS"] === "1") writeFileSync(file, fresh);
    else expect(page, "run `pnpm runtimes`").toBe(fresh);
  });
});
