import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { describe, expect, inject, it } from "vitest";

const { folder, packages } = inject("consumer");

function entriesOf(name: string): readonly string[] {
  const installed = packages.find((one) => one.name === name)?.folder ?? join(folder, "node_modules", name);
  const { exports } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8")) as {
    readonly exports: Readonly<Record<string, string>>;
  };
  return Object.keys(exports)
    .filter((path) => path !== "./package.json")
    .map((path) => name + path.slice(1));
}

describe("what is published of the SDK", () => {
  it("uses nothing that only Node has", () => {
    const forbidden = /node:|\bcreateRequire\b|\brequire\(|\bprocess\b|\bBuffer\b|\bglobalThis\b/;
    const dist = join(folder, "node_modules/carillon/dist");
    const files = globSync("**/*.js", { cwd: dist });
    expect(files).not.toEqual([]);
    const guilty = files.flatMap((file) =>
      withoutComments(readFileSync(join(dist, file), "utf8"))
        .split("\n")
        .flatMap((line) => (forbidden.test(line) ? [`${file}: ${line.trim()}`] : [])),
    );
    expect(guilty).toEqual([]);
  });

  it("imports no other package", async () => {
    const { metafile } = await build({
      absWorkingDir: folder,
      stdin: {
        contents: entriesOf("carillon")
          .map((entry, index) => `export * as e${index} from "${entry}";`)
          .join("\n"),
        resolveDir: folder,
      },
      bundle: true,
      write: false,
      metafile: true,
      format: "esm",
      platform: "neutral",
    });
    const foreign = Object.keys(metafile.inputs).filter((file) => !/(^|\/)carillon\/dist\/|^<stdin>/.test(file));
    expect(foreign).toEqual([]);
  });
});

describe.each(
  packages.flatMap(({ name }) => entriesOf(name)).filter((entry) => !entry.startsWith("@carillon/testing")),
)("%s", (entry) => {
  it("leaves nothing behind when it is imported for nothing", async () => {
    expect(await bundle(`import "${entry}";`)).toBe("");
    expect(await bundle(`import * as unused from "${entry}";`)).toBe("");
  });
});

async function bundle(contents: string): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: folder,
    stdin: { contents, resolveDir: folder },
    bundle: true,
    write: false,
    minify: true,
    format: "esm",
    platform: "neutral",
    external: ["node:*"],
    // As the bundlers of edge platforms look for what a package depends on.
    conditions: ["workerd", "browser"],
    mainFields: ["module", "main"],
    logLevel: "error",
  });
  return (outputFiles[0]?.text ?? "").trim();
}

/** Prose may name what code may not; strings stay, because an import is one. */
function withoutComments(source: string): string {
  return source.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/(^|\s)\/\/[^\n]*/g, "$1");
}
