import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createSink } from "../bench/sdk/answers.ts";
import { weighPair } from "../bench/sdk/bundles.ts";
import { sides } from "../bench/sdk/case.ts";
import { cases } from "../bench/sdk/cases.ts";
import { timeImports } from "../bench/sdk/imports.ts";
import { pairs, versionOf } from "../bench/sdk/packages.ts";
import { measureWorkerd } from "../bench/sdk/workerd.ts";

// What the benchmarks do, once each and untimed, so that they still run on the day when they are wanted.
const server = createSink();
let sink = "";

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  sink = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

describe.each(cases)("the benchmark of $name", (one) => {
  test.each(sides)("runs for %s", async (side) => {
    const once = await one[side]({ sink });
    await once();
    expect(versionOf(one.rival)).toMatch(/^\d+\./);
  });
});

test("Web Push requests are built in workerd, by both sides", async () => {
  const scores = await measureWorkerd(1, 1);
  for (const { plain, compatible, official } of scores) {
    expect([plain, compatible, official].every(({ median }) => median > 0)).toBe(true);
  }
});

test.each(pairs)("$provider is weighed beside $rival", async (pair) => {
  const { factory, withNotifier, official } = await weighPair(pair);
  expect(factory.minified).toBeLessThan(withNotifier.minified);
  expect(official.minified).toBeGreaterThan(1000);
});

test("imports are timed", async () => {
  const times = await timeImports(join(inject("consumer").folder, "node_modules/carillon/dist"), pairs, 1);
  expect(times.map(({ ms }) => ms.median > 0)).toEqual(times.map(() => true));
});
