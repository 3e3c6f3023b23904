/**
 * Measures a broadcast to a topic of browsers beside `web-push` in a loop, in turns within one run, on the loopback
 * interface. `--update` writes the table into docs/benchmarks.md. `BENCH_ROUNDS` (3) and `BENCH_COUNT` (20000) make it
 * quicker or surer.
 */
import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, run } from "../../../scripts/run.ts";
import { apiKey } from "../host.ts";
import { versionOf } from "../sdk/packages.ts";
import { machine, table } from "../sdk/report.ts";
import { median } from "../sdk/statistics.ts";
import { makeSubscriptions } from "../sdk/subscriptions.ts";
import type { Subscription } from "../sdk/subscriptions.ts";
import { sha256Hex, shards, startHost } from "./host.ts";
import type { Host } from "./host.ts";
import type { Seen } from "./sink.ts";

const rounds = Number(process.env["BENCH_ROUNDS"] ?? 3);
const messages = Number(process.env["BENCH_COUNT"] ?? 20_000);

/** What all shards together may have under way: 6 each. */
const inFlight = 6 * shards;

const payload = JSON.stringify({
  title: "We are open again",
  body: "From nine to five, and on Saturdays.",
  url: "/news",
});

interface Round {
  readonly ours: number;
  readonly theirs: number;
  readonly mostPerShard: number;
  /** Of each message. */
  readonly cpuMs: { readonly ours: number; readonly theirs: number };
}

const sink = fork(join(import.meta.dirname, "sink.ts"));
const [{ port }] = (await once(sink, "message")) as [{ port: number }];
const subscriptions = await makeSubscriptions(messages);
const host = await startHost(port);
const results: Round[] = [];
const rivalPeaks: number[] = [];
const counts: Counts = { calls: {}, transactions: {} };
try {
  await host.fill("news", subscriptions);
  const idleMb = host.memory().nowMb;
  const sampledMb: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const cpuBefore = host.cpuMs();
    const { id, tookMs, samples } = await broadcast(host);
    const oursCpuMs = (host.cpuMs() - cpuBefore) / messages;
    sampledMb.push(...samples);
    // Now: a shard that has nothing to do for a while is put away, and forgets.
    await addCounts();
    const mostPerShard = await mostInFlight(id, await taken());
    const rival = await loop();
    await taken();
    rivalPeaks.push(rival.peakMb);
    results.push({
      ours: rate(tookMs),
      theirs: rate(rival.tookMs),
      mostPerShard,
      cpuMs: { ours: oursCpuMs, theirs: rival.cpuMs / messages },
    });
    console.log(
      `${Math.round(rate(tookMs))} / ${Math.round(rate(rival.tookMs))} a second, at most ${mostPerShard} in flight a shard`,
    );
  }
  const text = report(results, { idleMb, sampledMb, peakMb: host.memory().peakMb, rivalPeaks, counts });
  console.log(`\n${text}`);
  if (process.argv.includes("--update")) await update(text);
} finally {
  await host.stop();
  sink.disconnect();
}

function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

function rate(tookMs: number): number {
  return (messages * 1_000) / tookMs;
}

/** From the request until the push service has taken the last message. */
async function broadcast({ url, memory }: Host): Promise<{ id: string; tookMs: number; samples: readonly number[] }> {
  const start = performance.now();
  const response = await fetch(new URL("/v1/notifications", url), {
    method: "POST",
    headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
    body: JSON.stringify({ channel: "webpush", to: { topic: "news" }, content: { payload } }),
  });
  if (response.status !== 202) throw new Error(await response.text());
  const { id } = (await response.json()) as { id: string };
  const samples: number[] = [];
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    samples.push(memory().nowMb);
    const { count: there } = (await ask(sink, "count")) as { count: number };
    if (there >= messages) break;
    if (performance.now() - start > 600_000) throw new Error(`${there} of ${messages} after ten minutes`);
  }
  const tookMs = performance.now() - start;
  await untilCounted(url, id);
  return { id, tookMs, samples };
}

/** Until home has heard of every message: the next round begins with nothing left to do. */
async function untilCounted(url: URL, id: string): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    const response = await fetch(new URL(`/v1/notifications/${id}`, url), {
      headers: { authorization: `Bearer ${apiKey}` },
    });
    const { broadcast: told } = (await response.json()) as { broadcast: { sent: number; total: number } };
    if (told.sent === messages && told.total === messages) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("The counts have not come home.");
}

async function taken(): Promise<readonly Seen[]> {
  const { seen } = (await ask(sink, "take")) as { seen: readonly Seen[] };
  if (seen.length !== messages) throw new Error(`The push service took ${seen.length} of ${messages}.`);
  return seen;
}

/** The most requests of one shard that were there at a time. A message's shard comes from a hash, see broadcast/place.ts. */
async function mostInFlight(notification: string, seen: readonly Seen[]): Promise<number> {
  const stem = notification.slice("ntf_00".length, "ntf_00".length + 24);
  const byPath = new Map(subscriptions.map(({ endpoint }) => [new URL(endpoint).pathname, endpoint]));
  const changes: (readonly [at: number, shard: number, by: 1 | -1])[] = [];
  for (const [path, from, to] of seen) {
    const key = await sha256Hex(byPath.get(path) ?? "");
    const hash = await sha256Hex(`${stem} device ${key}`);
    const shard = Number.parseInt(hash.slice(0, 8), 16) % shards;
    changes.push([from, shard, 1], [to, shard, -1]);
  }
  // Who leaves and who comes at the same moment have not met.
  changes.sort((a, b) => a[0] - b[0] || a[2] - b[2]);
  const open = new Map<number, number>();
  let most = 0;
  for (const [, shard, by] of changes) {
    const now = (open.get(shard) ?? 0) + by;
    open.set(shard, now);
    most = Math.max(most, now);
  }
  return most;
}

async function loop(): Promise<{ tookMs: number; cpuMs: number; peakMb: number }> {
  const rival = fork(join(import.meta.dirname, "rival.ts"), { serialization: "advanced" });
  const work = {
    sink: `http://127.0.0.1:${port}`,
    subscriptions: subscriptions as readonly Subscription[],
    payload,
    inFlight,
  };
  rival.send(work);
  const [answer] = (await once(rival, "message")) as [{ tookMs: number; cpuMs: number; peakMb: number }];
  rival.disconnect();
  return answer;
}

async function ask(child: ChildProcess, question: string): Promise<unknown> {
  child.send(question);
  const [answer] = (await once(child, "message")) as [unknown];
  return answer;
}

interface Counts {
  readonly calls: Record<string, number>;
  readonly transactions: Record<string, number>;
}

async function addCounts(): Promise<void> {
  const all = (await (await fetch(new URL("/bench/counts", host.url))).json()) as readonly Counts[];
  for (const one of all) {
    add(counts.calls, one.calls);
    add(counts.transactions, one.transactions);
  }
}

function add(to: Record<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(more)) to[name] = (to[name] ?? 0) + value;
}

function report(
  measured: readonly Round[],
  seen: { idleMb: number; sampledMb: readonly number[]; peakMb: number; rivalPeaks: readonly number[]; counts: Counts },
): string {
  const { idleMb, sampledMb, peakMb, counts } = seen;
  const { calls, transactions } = counts;
  const per = (name: string): string => `${count(calls[name] ?? 0)} in ${count(transactions[name] ?? 0)}`;
  const ratios = measured.map(({ ours, theirs }) => ours / theirs);
  const mb = (value: number): string => `${Math.round(value)} MB`;
  return [
    `${new Date().toISOString().slice(0, 10)}, ${machine()}. ${count(messages)} messages to as many browsers, ${shards} shards; medians of ${rounds} rounds. Beside: web-push ${versionOf("web-push")}, ${inFlight} in flight.`,
    table(
      ["what", "broadcast", "`web-push` in a loop"],
      [
        [
          "messages a second",
          count(median(measured.map(({ ours }) => ours))),
          count(median(measured.map(({ theirs }) => theirs))),
        ],
        [
          "ratio of the rounds",
          `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)})`,
          "1",
        ],
        [
          "CPU of the process, ms a message",
          median(measured.map(({ cpuMs }) => cpuMs.ours)).toFixed(2),
          median(measured.map(({ cpuMs }) => cpuMs.theirs)).toFixed(2),
        ],
        ["resident memory of the process at most", mb(peakMb), mb(Math.max(...seen.rivalPeaks))],
        ["before the first, and at the end of the last", `${mb(idleMb)}, ${mb(sampledMb.at(-1) ?? Number.NaN)}`, ""],
        [
          "most requests in flight, of one shard",
          String(Math.max(...measured.map(({ mostPerShard }) => mostPerShard))),
          "",
        ],
        ["parts of pages that shards took, in transactions", per("receivePart"), ""],
        ["chunks that were recorded, in transactions", per("record"), ""],
      ],
    ),
  ].join("\n\n");
}

async function update(text: string): Promise<void> {
  const file = "docs/benchmarks.md";
  const page = readFileSync(join(root, file), "utf8");
  const marked = /<!-- broadcast:start -->[\s\S]*<!-- broadcast:end -->/;
  if (!marked.test(page)) throw new Error(`${file} has lost its markers`);
  const block = `<!-- broadcast:start -->\n\n${text}\n\n<!-- broadcast:end -->`;
  writeFileSync(
    join(root, file),
    page.replace(marked, () => block),
  );
  await run("oxfmt", [file]);
}
