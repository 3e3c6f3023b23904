import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { newProvider } from "../../scripts/new-provider.ts";
import { root } from "../../scripts/run.ts";

const packages = ["carillon", "simulator", "testing"];
let copy: string;

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), "carillon-new-provider-"));
  for (const file of ["tsconfig.base.json", ".oxlintrc.json", ".oxfmtrc.json"])
    cpSync(join(root, file), join(copy, file));
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"), "junction");
  for (const name of packages) {
    const source = join(root, "packages", name);
    const target = join(copy, "packages", name);
    for (const entry of readdirSync(source)) {
      if (!["node_modules", "dist"].includes(entry))
        cpSync(join(source, entry), join(target, entry), { recursive: true });
    }
    // As installed, but between the copies: two copies of the contract would not be the same types.
    for (const dependency of readdirSync(join(source, "node_modules"))) {
      if (dependency.startsWith(".") || dependency === "@carillon") continue;
      mkdirSync(join(target, "node_modules"), { recursive: true });
      const own = packages.includes(dependency);
      const place = own ? join(copy, "packages", dependency) : join(source, "node_modules", dependency);
      symlinkSync(place, join(target, "node_modules", dependency), "junction");
    }
  }
  mkdirSync(join(copy, "packages/carillon/node_modules/@carillon"), { recursive: true });
  symlinkSync(
    join(copy, "packages/testing"),
    join(copy, "packages/carillon/node_modules/@carillon/testing"),
    "junction",
  );
  newProvider("acme-mail", "email", copy);
  newProvider("acme", "sms", copy);
}, 60_000);

afterAll(() => rmSync(copy, { recursive: true, force: true }));

function run(command: string, args: readonly string[], cwd = copy): { status: number | null; output: string } {
  const { status, stdout, stderr, error } = spawnSync(join(root, "node_modules/.bin", command), args, {
    cwd,
    encoding: "utf8",
  });
  if (error !== undefined) throw error;
  return { status, output: stdout + stderr };
}

it("makes files that compile", () => {
  const project = {
    extends: "../../tsconfig.base.json",
    compilerOptions: { lib: ["es2023", "dom", "dom.iterable"], types: ["vite/client"] },
    include: ["src/providers/acme/*.ts", "src/providers/acme-mail/*.ts", "../simulator/src/providers/acme*.ts"],
  };
  const file = join(copy, "packages/carillon/tsconfig.new.json");
  writeFileSync(file, JSON.stringify(project));
  expect(run("tsc", ["--project", file, "--pretty", "false"])).toEqual({ status: 0, output: "" });
});

it("makes files that keep the format and the layering", () => {
  const folders = ["acme", "acme-mail"].map((id) => `packages/carillon/src/providers/${id}`);
  expect(run("oxfmt", ["--check", ...folders]).output).not.toContain("Format issues");
  expect(run("oxlint", ["--deny-warnings", ...folders])).toMatchObject({ status: 0 });
});

it("makes tests that fail until there are fixtures", () => {
  const { status, output } = run("vitest", ["run", "src/providers/acme/"], join(copy, "packages/carillon"));
  expect(status).not.toBe(0);
  expect(output).toContain("needs a fixture");
});

it("never writes over a provider that is there", () => {
  expect(() => newProvider("acme", "sms", copy)).toThrow("There already");
  expect(() => newProvider("Acme", "sms", copy)).toThrow("lower case");
  expect(() => newProvider("acme2", "fax", copy)).toThrow("a channel is one of");
});
