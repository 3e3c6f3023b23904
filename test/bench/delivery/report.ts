import type { Usage } from "../../../workers/notify/test/bench/usage.ts";
import { machine, table } from "../sdk/report.ts";
import type { Cost } from "./cost.ts";
import { dollarsOf, freeADay, prices, readOn } from "./prices.ts";
import type { Latency, Throughput } from "./speed.ts";

export interface Measured {
  readonly latencies: readonly Latency[];
  readonly throughputs: readonly Throughput[];
  readonly costs: readonly Cost[];
}

export function report({ latencies, throughputs, costs }: Measured): string {
  return [
    `${new Date().toISOString().slice(0, 10)}, ${machine()}.`,
    "### From due to the provider's request",
    table(
      ["messages due at one moment", "accepted by", "p50", "p99", "last"],
      latencies.map(({ messages, name, p50, p99, last }) => [
        count(messages),
        name,
        ...[p50, p99, last].map((ms) => `${count(ms)} ms`),
      ]),
    ),
    "### Messages a second",
    table(
      ["shards", "accepted, 1 a request", "accepted, 100 a request", "sent, from due to taken"],
      throughputs.map(({ shards, requests, accepted, delivered }) =>
        [shards, requests, accepted, delivered].map(count),
      ),
    ),
    "### What messages use",
    table(
      ["", ...costs.map(({ scenario }) => `${count(scenario.messages)}: ${scenario.name}`)],
      used.map(([name, of]) => [name, ...costs.map(({ usage }) => count(of(usage)))]),
    ),
    `Each from the request to the last webhook, and then what one message uses. ${linearity(costs)}`,
    table(
      ["a message", ...costs.map(({ scenario }) => scenario.name)],
      [
        ...used.map(([name, of]) => [name, ...costs.map(({ usage, scenario }) => each(of(usage), scenario.messages))]),
        ["requests to the provider", ...costs.map(({ sends, scenario }) => each(sends, scenario.messages))],
      ],
    ),
    "### What messages cost",
    table(
      ["", "US dollars for these", "a million messages", "messages a day on the Free plans", "what ends first"],
      costs.map(({ scenario, usage }) => {
        const free = freeADay(usage, scenario.messages);
        const dollars = dollarsOf(usage);
        return [
          `${count(scenario.messages)}: ${scenario.name}`,
          dollars.toFixed(4),
          ((dollars * 1_000_000) / scenario.messages).toFixed(2),
          count(free.messages),
          free.limit,
        ];
      }),
    ),
    `List prices by copies of the price pages that were read on ${readOn}, past what the paid plans include, in US dollars a million: ${prices
      .map(({ name, perMillion }) => `${name} ${perMillion}`)
      .join(", ")}. The Free plans carry a day: ${prices
      .map(({ name, freeADay }) => `${count(freeADay)} ${name}`)
      .join(", ")}.`,
  ].join("\n\n");
}

/** What is charged, and what is not and takes time. */
const used: readonly (readonly [name: string, of: (usage: Usage) => number])[] = [
  ...prices.map(({ name, of }) => [name, of] as const),
  ["statements of objects", ({ statements }) => statements],
  ["transactions of objects", ({ transactions }) => transactions],
  ["queries of D1", ({ directoryQueries }) => directoryQueries],
];

/** Whether the many cost what the few do: the two scenarios that differ in nothing but their number. */
function linearity(costs: readonly Cost[]): string {
  const [few, many] = costs.filter(({ scenario }) => scenario.recipients === 1_000);
  if (few === undefined || many === undefined) return "";
  const rows = ({ usage, scenario }: Cost): number => usage.rowsWritten / scenario.messages;
  const [one, other] = [few, many].map((cost) => `${rows(cost).toFixed(2)} of ${count(cost.scenario.messages)}`);
  return `Storage does not grow with their number: rows written a message are ${one} and ${other}.`;
}

function each(value: number, messages: number): string {
  const share = value / messages;
  return share === 0 ? "0" : share < 1 ? share.toFixed(3) : share.toFixed(1);
}

function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
