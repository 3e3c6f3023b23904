import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { afterAll, describe, expect, inject, it } from "vitest";
import { identifier } from "../../scripts/generate.ts";
import { settingsOf } from "../../scripts/provider-table.ts";
import { providerIds, receiverIds } from "../../scripts/workspace.ts";
import budgets from "./budgets.json" with { type: "json" };

const { folder } = inject("consumer");

interface Size {
  readonly minified: number;
  readonly gzip: number;
  /** What is left of each module, the largest first. */
  readonly modules: readonly (readonly [file: string, bytes: number])[];
}

/** What a bundle weighs that exports the named values: minified ESM. */
async function measure(imports: Readonly<Record<string, readonly string[]>>): Promise<Size> {
  const contents = Object.entries(imports).map(([from, names]) => `export { ${names.join(", ")} } from "${from}";`);
  const { outputFiles, metafile } = await build({
    absWorkingDir: folder,
    stdin: { contents: contents.join("\n"), resolveDir: folder },
    bundle: true,
    write: false,
    metafile: true,
    minify: true,
    format: "esm",
    platform: "neutral",
    target: "es2023",
  });
  const bytes = outputFiles[0]?.contents ?? new Uint8Array();
  const output = Object.values(metafile.outputs)[0];
  const modules = Object.entries(output?.inputs ?? {})
    .map(([file, { bytesInOutput }]) => [file, bytesInOutput] as const)
    .filter(([, left]) => left > 0)
    .toSorted(([, a], [, b]) => b - a);

  return { minified: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length, modules };
}

/** Where to look when a budget is exceeded. */
function breakdown({ modules }: Size): string {
  return modules
    .map(([file, bytes]) => `${String(bytes).padStart(6)} ${file.replace(/^.*node_modules\//, "")}`)
    .join("\n");
}

const table: string[] = [];

function row(
  what: string,
  { minified, gzip }: { minified: number; gzip?: number },
  budget: { minified: number; gzip?: number },
): void {
  const cells = [what, String(minified), String(budget.minified), String(gzip ?? ""), String(budget.gzip ?? "")];
  table.push(`| ${cells.join(" | ")} |`);
}

afterAll(() => {
  console.log(
    ["| bundle | minified B | budget | gzip B | budget |", "| --- | --- | --- | --- | --- |", ...table].join("\n"),
  );
});

const settings = new Map(await Promise.all(providerIds().map(async (id) => [id, await settingsOf(id)] as const)));
const ids = [...settings.keys()];
const emailIds = ids.filter((id) => settings.get(id)?.channel === "email");
const receivers = [
  ...ids.filter((id) => settings.get(id)?.receive).map((id) => ({ id, from: `carillon/providers/${id}` })),
  ...receiverIds().map((id) => ({ id, from: `carillon/receivers/${id}` })),
];

const root = { carillon: ["createNotifier"] };
/** With what of the root some providers use. */
const wholeRoot = { carillon: ["createNotifier", "createMemory", "tokenExchange", "operation"] };
const factory = (id: string): Record<string, readonly string[]> => ({ [`carillon/providers/${id}`]: [identifier(id)] });

/** Those that bring cryptography of their own. */
const larger = ["webpush", "fcm", "ses"];

// 10.5 kB are counted as 10,752 bytes, and 7 kB as 7,168.
describe("an email provider", () => {
  it.each(emailIds)("%s fits its budget together with the root", async (id) => {
    const size = await measure({ ...root, ...factory(id) });
    const own = `root and ${id}`;
    const budget =
      budgets[own in budgets ? (own as keyof typeof budgets & `root and ses`) : "root and one email provider"];
    row(`root and ${id}`, size, budget);
    expect(size.minified, breakdown(size)).toBeLessThanOrEqual(budget.minified);
    expect(size.gzip).toBeLessThanOrEqual(budget.gzip);
  });
});

// What providers share (reading answers, checking options) is weighed with the first one, above.
describe("a provider beside another one, without the root and its channel", () => {
  it.each(ids)("%s fits its budget", async (id) => {
    const other = id === "resend" ? "postmark" : "resend";
    const first = { ...wholeRoot, "carillon/channels": [`${settings.get(id)?.channel}Channel`], ...factory(other) };
    const [before, after] = await Promise.all([measure(first), measure({ ...first, ...factory(id) })]);
    const size = { minified: after.minified - before.minified, gzip: after.gzip - before.gzip };
    const budget = budgets[larger.includes(id) ? "webpush, fcm or ses" : "a provider"];
    row(id, size, budget);
    const share = after.modules.filter(
      ([file, bytes]) => !before.modules.some((one) => one[0] === file && one[1] >= bytes),
    );
    expect(size.minified, breakdown({ ...after, modules: share })).toBeLessThanOrEqual(budget.minified);
  });
});

describe("a webhook receiver", () => {
  it.each(receivers)("$id fits its budget", async ({ id, from }) => {
    const size = await measure({ carillon: ["receiveWebhook"], [from]: [`${identifier(id)}Webhook`] });
    const own = `receiveWebhook and ${id}`;
    // SNS signs with a certificate, which must be got (time-out, limit, no redirect: 0.9 kB), read (X.509: 1.8 kB) and be the
    // one of a topic's region (2.4 kB); the events of SES are 2.2 kB, and what all receivers share 5.4 kB.
    const budget = budgets[own in budgets ? (own as "receiveWebhook and ses") : "one webhook receiver"];
    row(own, size, budget);
    expect(size.minified, breakdown(size)).toBeLessThanOrEqual(budget.minified);
  });
});

describe("the package for browsers", () => {
  it("fits its budget: what a page loads, and what its service worker does", async () => {
    const sizes = await Promise.all([
      measure({ "@carillon/browser": ["state", "subscribe", "sync", "unsubscribe"] }),
      measure({ "@carillon/browser/sw": ["listen"] }),
    ]);
    const sum = (weigh: (size: Size) => number): number => sizes.reduce((total, size) => total + weigh(size), 0);
    const both = { minified: sum(({ minified }) => minified), gzip: sum(({ gzip }) => gzip) };
    const budget = budgets["the page and the service worker"];
    row("the page and the service worker", both, budget);
    expect(both.gzip, sizes.map(breakdown).join("\n")).toBeLessThanOrEqual(budget.gzip);
    expect(both.minified).toBeLessThanOrEqual(budget.minified);
  });
});
