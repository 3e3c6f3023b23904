import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { describe, expect, inject, it } from "vitest";
import { root } from "../../scripts/run.ts";
import { publicPackages } from "../../scripts/workspace.ts";

const { packages, problems } = inject("consumer");

it("every public package builds and packs", () => {
  expect(problems).toEqual([]);
  expect(packages.map(({ name }) => name)).toEqual(publicPackages().map(({ name }) => name));
});

describe.each(packages)("$name", ({ folder, tarball, staleExports }) => {
  it("has the exports committed that its build writes", () => {
    expect(staleExports).toBe(false);
  });

  it("is clean by publint, suggestions included", async () => {
    const { messages, pkg } = await publint({ pkgDir: folder, pack: false, strict: true, level: "suggestion" });
    expect(messages.map((message) => formatMessage(message, pkg ?? {}, { color: false }))).toEqual([]);
  });

  it("resolves with its types under every ESM resolution, by attw", () => {
    const attw = spawnSync(
      join(root, "node_modules/.bin/attw"),
      [tarball, "--profile", "esm-only", "--no-color", "--no-emoji"],
      { encoding: "utf8" },
    );
    expect(attw.status, attw.stdout + attw.stderr).toBe(0);
  });

  it("carries what is built and what is legally needed, and nothing else", () => {
    const entries = readdirSync(folder).toSorted();
    expect(entries.filter((entry) => !["LICENSE", "README.md", "CHANGELOG.md"].includes(entry))).toEqual([
      "dist",
      "package.json",
    ]);
    expect(entries).toContain("LICENSE");
  });
});
