import { cpus, totalmem } from "node:os";
import type { Bundles, Weight } from "./bundles.ts";
import type { ImportTimes } from "./imports.ts";
import { type Pair, versionOf } from "./packages.ts";
import type { Measured } from "./rounds.ts";
import type { Spread } from "./statistics.ts";
import type { WorkerdScore } from "./workerd.ts";

export interface Results {
  readonly rounds: number;
  readonly requests: readonly Measured[];
  readonly workerd: readonly WorkerdScore[];
  readonly sends: readonly Measured[];
  readonly bundles: readonly (readonly [Pair, Bundles])[];
  readonly imports: readonly ImportTimes[];
}

/** The run as Markdown: every table, and what it was measured on. */
export function report({ rounds, requests, workerd, sends, bundles, imports }: Results): string {
  const versions = [...new Set(bundles.map(([{ rival }]) => rival))].map((rival) => `${rival} ${versionOf(rival)}`);
  return [
    `${new Date().toISOString().slice(0, 10)}, ${machine()}. Medians of ${rounds} rounds; in brackets, between what the ratios of the rounds lay. Beside: ${versions.join(", ")}.`,
    "### Web Push requests built a second, Node",
    table(
      ["payload", "in flight", "Carillon", "web-push", "ratio", "CPU ms each", "web-push"],
      requests.map(({ name, inFlight, perSecond, cpuMsEach, ratio }) => [
        name,
        String(inFlight),
        count(perSecond.carillon),
        count(perSecond.official),
        times(ratio),
        thousandths(cpuMsEach.carillon),
        thousandths(cpuMsEach.official),
      ]),
    ),
    "### Web Push requests built a second, workerd",
    table(
      ["payload", "in flight", "Carillon, plain", "Carillon, Node compat", "web-push, Node compat", "plain / web-push"],
      workerd.map(({ name, inFlight, plain, compatible, official }) => [
        name,
        String(inFlight),
        count(plain),
        count(compatible),
        count(official),
        (plain.median / official.median).toFixed(2),
      ]),
    ),
    "### Messages sent a second to a sink on the loopback interface, Node",
    table(
      [
        "what",
        "beside",
        "in flight",
        "Carillon",
        "official",
        "ratio",
        "CPU ms each",
        "official",
        "transports: Carillon; official",
      ],
      sends.map(({ name, rival, inFlight, perSecond, cpuMsEach, ratio, reach }) => [
        name,
        rival,
        String(inFlight),
        count(perSecond.carillon),
        count(perSecond.official),
        times(ratio),
        thousandths(cpuMsEach.carillon),
        thousandths(cpuMsEach.official),
        `${reach?.carillon}; ${reach?.official}`,
      ]),
    ),
    "### Bundled, minified, for Node",
    table(
      ["provider", "alone", "gzip", "with createNotifier", "gzip", "official", "minified", "gzip"],
      bundles.map(([{ provider, rival }, { factory, withNotifier, official }]) => [
        provider,
        ...bytes(factory),
        ...bytes(withNotifier),
        rival,
        ...bytes(official),
      ]),
    ),
    "### Imported into a fresh process, Node",
    table(
      ["what", "ms", "least", "most"],
      imports.map(({ name, ms }) => [name, ms.median.toFixed(1), ms.least.toFixed(1), ms.most.toFixed(1)]),
    ),
  ].join("\n\n");
}

export function machine(): string {
  const model = cpus()[0]?.model.trim() ?? "unknown processor";
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} cores of ${model}, ${memory} GB, Node ${process.versions.node}`;
}

export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(header), line(header.map((_, column) => (column === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n");
}

export function count({ median }: Spread): string {
  return Math.round(median).toLocaleString("en-US");
}

export function times({ median, least, most }: Spread): string {
  return `${median.toFixed(2)} (${least.toFixed(2)} to ${most.toFixed(2)})`;
}

export function thousandths({ median }: Spread): string {
  return median.toFixed(3);
}

function bytes({ minified, gzip }: Weight): readonly string[] {
  return [minified.toLocaleString("en-US"), gzip.toLocaleString("en-US")];
}
