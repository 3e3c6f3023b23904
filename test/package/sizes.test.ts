import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { afterAll, describe, expect, inject, it } from "vitest";
import { identifier } from "../../scripts/generate.ts";
import { providerIds } from "../../scripts/workspace.ts";
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

/** The ids of the providers whose settings say this in their source: `channel: "email"`. */
function providersThatSay(text: string): readonly string[] {
  return providerIds().filter((id) =>
    readFileSync(join(folder, "node_modules/carillon/dist/providers", id, "settings.js"), "utf8").includes(text),
  );
}

const root = { carillon: ["createNotifier"] };
const factory = (id: string): Record<string, readonly string[]> => ({ [`carillon/providers/${id}`]: [identifier(id)] });

describe("an email provider", () => {
  const ids = providersThatSay('channel: "email"');

  it.each(ids)("%s fits its budget together with the root", async (id) => {
    const size = await measure({ ...root, ...factory(id) });
    const budget = budgets["root and one email provider"];
    row(`root and ${id}`, size, budget);
    expect(size.minified, breakdown(size)).toBeLessThanOrEqual(budget.minified);
    expect(size.gzip).toBeLessThanOrEqual(budget.gzip);
  });

  it.each(ids)("%s fits its budget as a further one", async (id) => {
    const first = factory(ids.find((other) => other !== id) ?? id);
    const [one, two] = await Promise.all([
      measure({ ...root, ...first }),
      measure({ ...root, ...first, ...factory(id) }),
    ]);
    const size = { minified: two.minified - one.minified, gzip: two.gzip - one.gzip };
    const budget = budgets["each further email provider"];
    row(`and ${id} beside it`, size, budget);
    expect(size.minified).toBeLessThanOrEqual(budget.minified);
  });
});

describe("a webhook receiver", () => {
  it.each(providersThatSay("receive:"))("%s fits its budget", async (id) => {
    const size = await measure({
      carillon: ["receiveWebhook"],
      [`carillon/providers/${id}`]: [`${identifier(id)}Webhook`],
    });
    const budget = budgets["one webhook receiver"];
    row(`receiveWebhook and ${id}`, size, budget);
    expect(size.minified, breakdown(size)).toBeLessThanOrEqual(budget.minified);
  });
});
