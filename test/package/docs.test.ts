import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { failureKinds, failureTable } from "carillon";
import { afterAll, describe, expect, it } from "vitest";
import { root } from "../../scripts/run.ts";
import { providerIds, providerPackages } from "../../scripts/workspace.ts";
import { codeBlocks } from "./code-blocks.ts";
import { compile } from "./compile.ts";

const documents = globSync(["*.md", "docs/**/*.md", "packages/*/*.md", ".changeset/*.md"], {
  cwd: root,
  exclude: ["**/node_modules/**", "**/CHANGELOG.md"],
}).toSorted();

const folder = mkdtempSync(join(tmpdir(), "carillon-docs-"));
symlinkSync(join(root, "test/node_modules"), join(folder, "node_modules"), "junction");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the documents", () => {
  it("have a page for every provider, and no page for one that is gone", () => {
    const pages = globSync("docs/providers/*.md", { cwd: root }).map((file) => file.replace(/^.*[/\\](.*)\.md$/, "$1"));
    expect(pages.toSorted()).toEqual([...providerIds(), ...providerPackages()].toSorted());
  });

  it("hold TypeScript that compiles", { timeout: 60_000 }, () => {
    // A package's own README may speak of the file beside the reader's; these speak to who installed the packages.
    const guides = documents.filter(
      (file) => ["README.md", "packages/carillon/README.md"].includes(file) || file.startsWith("docs"),
    );
    const blocks = guides.flatMap((file) => codeBlocks(file, "ts"));
    expect(blocks).not.toEqual([]);
    const modules = Object.fromEntries(
      blocks.map(({ file, line, code }) => [`${file.replaceAll(/[/.]/g, "-")}-line-${line}.ts`, code]),
    );
    const options = {
      module: "esnext",
      moduleResolution: "bundler",
      allowImportingTsExtensions: true,
      skipLibCheck: true,
      // Of the packages' sources, that of `@carillon/node` needs them; what is published does not.
      typeRoots: [join(root, "node_modules/@types")],
      types: ["node"],
    };
    expect(compile(folder, modules, options)).toEqual([]);
  });

  it("hold relative links that lead somewhere", () => {
    const dead = documents.flatMap((file) => {
      const text = readFileSync(join(root, file), "utf8").replaceAll(/^```[\s\S]*?^```$/gm, "");
      return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
        .map(([, target = ""]) => target)
        .filter((target) => !/^[a-z]+:/.test(target))
        .filter((target) => !leads(file, target))
        .map((target) => `${file}: ${target}`);
    });
    expect(dead).toEqual([]);
  });
});

function leads(file: string, target: string): boolean {
  const [path = "", anchor] = target.split("#");
  const found = path === "" ? join(root, file) : join(root, dirname(file), path);
  if (!existsSync(found)) return false;
  return anchor === undefined || headings(readFileSync(found, "utf8")).includes(anchor);
}

/** Anchors as GitHub makes them of headings. */
function headings(text: string): readonly string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
}

describe("docs/errors.md", () => {
  const rows = readFileSync(join(root, "docs/errors.md"), "utf8")
    .split("\n")
    .map((line) => line.split("|").map((cell) => cell.trim().replaceAll("`", "")))
    .filter((cells) => cells.length === 7 && (failureKinds as readonly string[]).includes(cells[1] ?? ""));

  it("says of every kind of failure what the code does", () => {
    const documented = Object.fromEntries(
      rows.map(([, kind, , retry, next, mayHaveBeenSent]) => [kind, { retry, next, mayHaveBeenSent }]),
    );
    expect(documented).toEqual(failureTable);
  });
});
