import { receiveWebhook } from "carillon";
import { describe, expect, it } from "vitest";
import { attempts, receivers } from "./corpus.ts";
import { now, study } from "./study.ts";
import type { Study } from "./study.ts";
import { uncovered, unverifiable } from "./uncovered.ts";

const studies = new Map<string, Promise<Study>>();

/** One after the other, each once: all of them count what the one `crypto` does. */
function studyOf(name: string): Promise<Study> {
  const receiver = receivers.find((one) => one.name === name)!;
  const before = Array.from(studies.values()).at(-1) ?? Promise.resolve();
  const made = studies.get(name) ?? before.then(() => study(receiver));
  studies.set(name, made);
  return made;
}

describe("a receiver", { timeout: 60_000 }, () => {
  it.each(receivers)("of $name lets in what the provider has sent", async (receiver) => {
    const source = receiver.create();
    for (const sample of [...receiver.samples, ...(receiver.more ?? [])]) {
      const request = await receiver.sign(sample, now);
      const received = await receiveWebhook(source, request!, { now: () => now, fetch: receiver.fetch });
      expect(received).toMatchObject({ ok: true });
    }
  });

  it.each(receivers)(
    "of $name lets in no forgery, and neither throws nor fails over what it gets",
    async ({ name }) => {
      const { wrong } = await studyOf(name);
      expect(wrong).toEqual([]);
    },
  );

  it("that signs no body lets one body in under each signature, where it is told what it has seen", async () => {
    const receiver = receivers.find(({ name }) => name === "mailgun")!;
    const source = receiver.create();
    const keys = new Set<string>();
    const seen = (key: string): boolean => keys.size === keys.add(key).size;
    const first = await receiver.sign(receiver.samples[0], now);
    const second = await receiver.sign(receiver.samples[1], new Date(now.getTime() - 1000));
    for (const request of [first, second]) {
      expect(await receiveWebhook(source, request!, { now: () => now, seen })).toMatchObject({ ok: true });
    }
    const letIn: string[] = [];
    let replayed = 0;
    for await (const { family, what, request } of attempts(receiver, now)) {
      // Those have signatures of their own.
      if (family === "hostile-signed") continue;
      const received = await receiveWebhook(source, request, { now: () => now, seen });
      if (received.ok) letIn.push(`${family}: ${what}`);
      else if (received.reason === "replayed") replayed += 1;
    }
    expect(letIn).toEqual([]);
    expect(replayed).toBeGreaterThan(90);
    // Forgeries do not fill the memory.
    expect(keys.size).toBe(2);
  });
});

describe("the corpus", { timeout: 60_000 }, () => {
  const folders = import.meta.glob([
    "../../packages/carillon/src/providers/*/webhook.ts",
    "../../packages/carillon/src/receivers/*/webhook.ts",
  ]);

  it("has every receiver of the SDK", () => {
    const named = new Set(receivers.map(({ provider }) => provider));
    const missing = Object.keys(folders)
      .map((path) => path.split("/").at(-2) ?? path)
      .filter((provider) => !named.has(provider));
    expect(missing).toEqual([]);
  });

  it("has more than 5,000 requests, hundreds for each receiver, of every family", async ({ annotate }) => {
    const all = await Promise.all(receivers.map(async ({ name }) => ({ name, ...(await studyOf(name)) })));
    const count = all.reduce((sum, one) => sum + one.count, 0);
    const slowest = all.flatMap(({ name, slowest }) =>
      slowest.map(({ ms, what }) => ({ ms, what: `${name}, ${what}` })),
    );
    const [first] = slowest.sort((a, b) => b.ms - a.ms);
    const over = slowest.filter(({ ms }) => ms > 50).length;
    await annotate(`${count} requests; slowest ${first?.ms.toFixed(0)} ms (${first?.what}); over 50 ms: ${over}`);
    expect(count).toBeGreaterThan(5_000);
    for (const { name, count, byFamily } of all) {
      expect(count, name).toBeGreaterThan(300);
      for (const family of ["bytes", "proofs", "transport", "hostile", "hostile-signed", "otherwise"] as const) {
        expect(byFamily[family], `${name}: ${family}`).toBeGreaterThan(15);
      }
    }
  });

  it("needs every line of the tables of what is let in, so that none outlives its reason", async () => {
    const all = await Promise.all(receivers.map(({ name }) => studyOf(name)));
    const used = new Set(all.flatMap(({ used }) => [...used]));
    expect([...uncovered, ...unverifiable].filter((line) => !used.has(line))).toEqual([]);
  });
});
