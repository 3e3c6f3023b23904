import { join } from "node:path";
import type { ProviderSettings, SignatureScheme } from "../packages/carillon/src/index.ts";
import { root } from "./run.ts";

const proofs: Readonly<Record<SignatureScheme["kind"], string>> = {
  hmac: "HMAC",
  "ecdsa-p256": "ECDSA P-256",
  ed25519: "Ed25519",
  credential: "shared credential",
  custom: "provider's own",
};

/** Pages with a table that is written from what the code says of the providers. */
export const pagesWithTables: readonly {
  readonly file: string;
  withTable(page: string, ids: readonly string[]): Promise<string>;
}[] = [
  {
    file: "README.md",
    withTable: async (page, ids) => {
      const header = [
        "provider",
        "channel",
        "messages a request",
        "idempotency key",
        "webhooks proved by",
        "variables",
      ];
      return between(page, "providers", table(header, await Promise.all(ids.map(row))));
    },
  },
  {
    file: "docs/routes.md",
    withTable: async (page, ids) => {
      const all = await Promise.all(ids.map(settingsOf));
      const rows = all.map(({ name, channel, reports }) => [`\`${channel}\``, name, reports.join(", ") || "none"]);
      return between(page, "reports", table(["channel", "provider", "reports"], rows.toSorted(byChannel)));
    },
  },
];

function byChannel([a = ""]: readonly string[], [b = ""]: readonly string[]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The page with a table in its place, which two comments mark. */
function between(page: string, name: string, text: string): string {
  const [start, end] = [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`];
  const [before, rest] = page.split(start);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error(`A page has lost its ${start} ... ${end}.`);
  return `${before}${start}\n\n${text}\n\n${end}${after}`;
}

/** As the formatter leaves it: cells padded to the width of their column. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((cells) => cells[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[], fill: string): string =>
    `| ${widths.map((width, column) => (cells[column] ?? "").padEnd(width, fill)).join(" | ")} |`;
  return [line(header, " "), line([], "-"), ...rows.map((cells) => line(cells, " "))].join("\n");
}

/** What the provider's folder says of it. */
export async function settingsOf(id: string): Promise<ProviderSettings> {
  const { settings } = (await import(join(root, "packages/carillon/src/providers", id, "index.ts"))) as {
    readonly settings: ProviderSettings;
  };
  return settings;
}

async function row(id: string): Promise<string[]> {
  const settings = await settingsOf(id);
  const variables = await variablesOf(id);
  const provider = settings.send.create(variables);
  const receiver = settings.receive?.create(variables);
  return [
    `[${settings.name}](docs/providers/${id}.md)`,
    settings.channel,
    String(provider.batch?.maxMessages ?? 1),
    provider.idempotency === undefined ? "no" : `${provider.idempotency.windowSeconds / 3600} h`,
    receiver === undefined ? "" : proofOf(receiver.scheme),
    settings.send.required.map((name) => `\`${name}\``).join(" "),
  ];
}

function proofOf({ kind, covers }: SignatureScheme): string {
  if (covers === "nothing") return proofs[kind];
  return `${proofs[kind]} over ${covers === "body" ? "the body" : "some fields"}`;
}

/** The simulator's credentials under the names of variables: `resend.webhookSecret` is `RESEND_WEBHOOK_SECRET`. */
export async function variablesOf(id: string): Promise<Record<string, string>> {
  const { simulatorCredentials } = await import("../packages/simulator/src/credentials.ts");
  const credentials: Readonly<Record<string, Readonly<Record<string, unknown>>>> = simulatorCredentials;
  return Object.fromEntries(
    Object.entries(credentials[id] ?? {}).map(([name, value]) => [
      `${id}_${name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`)}`.replaceAll("-", "_").toUpperCase(),
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );
}
