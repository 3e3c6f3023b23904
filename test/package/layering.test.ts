import { spawnSync } from "node:child_process";
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");
const sdk = "packages/carillon/src";

/** Each breaks one rule, and only that one. */
const violations: readonly { readonly file: string; readonly code: string; readonly says: string }[] = [
  // Node, and what hides what is used.
  { file: `${sdk}/crypto/a.ts`, code: 'import "node:crypto";', says: "every runtime" },
  { file: `${sdk}/index.ts`, code: 'export * from "node:path";', says: "every runtime" },
  { file: `${sdk}/provider/a.ts`, code: 'import "node:fs";', says: "every runtime" },
  { file: `${sdk}/providers/acme/a.ts`, code: 'import "node:fs";', says: "every runtime" },
  { file: `${sdk}/http/a.ts`, code: 'import "node:http";', says: "every runtime" },
  { file: `${sdk}/send/a.ts`, code: 'import "node:timers";', says: "every runtime" },
  { file: `${sdk}/channels/a.ts`, code: 'import "node:buffer";', says: "every runtime" },
  { file: `packages/testing/src/a.ts`, code: 'import "node:fs";', says: "every runtime" },
  { file: `packages/simulator/src/a.ts`, code: 'import "node:fs";', says: "every runtime" },
  { file: `packages/smtp/src/a.ts`, code: 'import "node:net";', says: "every runtime" },
  { file: `${sdk}/crypto/b.ts`, code: "export const size: number = Buffer.byteLength('');", says: "crypto/bytes.ts" },
  { file: `${sdk}/send/b.ts`, code: "export const env: unknown = process.env;", says: "Node only" },
  { file: `${sdk}/send/c.ts`, code: "export const call: unknown = globalThis.fetch;", says: "Hides" },
  { file: `${sdk}/http/perform.ts`, code: "export const call: unknown = globalThis.fetch;", says: "Hides" },
  { file: `${sdk}/providers/acme/b.ts`, code: 'export const call: unknown = fetch("");', says: "Only http/perform.ts" },
  { file: `${sdk}/crypto/a.test.ts`, code: "export const size: number = Buffer.byteLength('');", says: "in workerd" },
  { file: `${sdk}/crypto/b.test.ts`, code: 'import "node:fs";', says: "in workerd" },
  // The root.
  { file: `${sdk}/index.ts`, code: 'export * from "./providers/acme/index.ts";', says: "knows no provider" },
  { file: `${sdk}/index.ts`, code: 'export { emailChannel } from "./channels/email.ts";', says: "brings its channel" },
  // The ground floor.
  { file: `${sdk}/text/a.ts`, code: 'import "../http/perform.ts";', says: "stands on nothing" },
  { file: `${sdk}/result/a.ts`, code: 'import type {} from "../provider/contract.ts";', says: "stands on nothing" },
  { file: `${sdk}/error/a.ts`, code: 'import "../index.ts";', says: "stands on nothing" },
  { file: `${sdk}/channels/b.ts`, code: 'import "../send/guard.ts";', says: "stands on nothing" },
  { file: `${sdk}/crypto/c.ts`, code: 'import "../webhook/receive.ts";', says: "stands on nothing" },
  { file: `${sdk}/crypto/d.ts`, code: 'import * as v from "valibot"; export { v };', says: "depends on no package" },
  // The contract, and those who use it.
  { file: `${sdk}/provider/b.ts`, code: 'import "../send/attempt.ts";', says: "nor who uses it" },
  { file: `${sdk}/provider/c.ts`, code: 'import { a } from "../channels/email.ts"; export { a };', says: "is types" },
  { file: `${sdk}/http/b.ts`, code: 'import "../crypto/bytes.ts";', says: "result/ and error/ only" },
  { file: `${sdk}/http/c.ts`, code: 'import { a } from "../provider/options.ts"; export { a };', says: "types only" },
  { file: `${sdk}/send/d.ts`, code: 'import "../providers/acme/index.ts";', says: "core knows no provider" },
  { file: `${sdk}/send/e.ts`, code: 'import "../webhook/receive.ts";', says: "no sending code" },
  { file: `${sdk}/webhook/a.ts`, code: 'import "../send/notifier.ts";', says: "no sending code" },
  {
    file: `${sdk}/webhook/scheme/a.ts`,
    code: 'import "../../providers/acme/index.ts";',
    says: "core knows no provider",
  },
  {
    file: `${sdk}/webhook/b.ts`,
    code: 'import { a } from "../channels/email.ts"; export { a };',
    says: "core carries none",
  },
  { file: `${sdk}/webhook/c.ts`, code: 'import * as v from "valibot"; export { v };', says: "depends on no package" },
  // Providers.
  { file: `${sdk}/providers/acme/c.ts`, code: 'import "../other/index.ts";', says: "imports another" },
  { file: `${sdk}/providers/acme/d.ts`, code: 'import "../../http/perform.ts";', says: "the core performs them" },
  // Receivers of senders that are no providers keep their rules.
  { file: `${sdk}/receivers/acme/a.ts`, code: 'import "../other/index.ts";', says: "imports another" },
  { file: `${sdk}/receivers/acme/b.ts`, code: 'import "../../webhook/receive.ts";', says: "uses the schemes" },
  { file: `${sdk}/send/i.ts`, code: 'import "../receivers/acme/index.ts";', says: "core knows no provider" },
  { file: `${sdk}/providers/acme/e.ts`, code: 'import "../../send/notifier.ts";', says: "the core performs them" },
  { file: `${sdk}/providers/acme/f.ts`, code: 'import "../../channels/index.ts";', says: "has them all" },
  { file: `${sdk}/providers/acme/g.ts`, code: 'import "../../webhook/receive.ts";', says: "uses the schemes" },
  {
    file: `${sdk}/providers/acme/h.ts`,
    code: 'import * as v from "valibot"; export { v };',
    says: "depends on no package",
  },
  // Between packages.
  { file: `packages/testing/src/b.ts`, code: 'import "../../carillon/src/index.ts";', says: "public name" },
  { file: `packages/simulator/src/b.ts`, code: 'import "carillon/src/index.ts";', says: "public name" },
  { file: `workers/notify/src/a.ts`, code: 'import "../../../packages/carillon/src/index.ts";', says: "public name" },
  { file: `workers/notify/src/b.ts`, code: 'import "@carillon/simulator/src/app.ts";', says: "public name" },
  // Habits.
  { file: `${sdk}/send/f.ts`, code: "const a = 1;\nexport default a;", says: "default" },
  { file: `${sdk}/send/g.ts`, code: "export function a(b: any): unknown { return b; }", says: "any" },
  { file: `${sdk}/send/h.ts`, code: "export function a(b: string): void { console.log(b); }", says: "console" },
  { file: `workers/notify/src/c.ts`, code: "export function a(b: () => Promise<void>): void { b(); }", says: "wait" },
];

/** What the rules must leave alone. */
const lawful: readonly { readonly file: string; readonly code: string }[] = [
  { file: `${sdk}/http/perform.ts`, code: 'export const call: unknown = fetch("");' },
  { file: `${sdk}/index.ts`, code: 'export type * from "./channels/email.ts";\nexport * from "./send/notifier.ts";' },
  {
    file: `${sdk}/channels/z.ts`,
    code: 'import { a } from "../text/a.ts";\nimport { b } from "../rule/rules.ts";\nexport { a, b };',
  },
  { file: `${sdk}/provider/z.ts`, code: 'import type { A } from "../channels/email.ts";\nexport type B = A;' },
  {
    file: `${sdk}/send/z.ts`,
    code: 'import { a } from "../http/perform.ts";\nimport { b } from "./attempt.ts";\nexport { a, b };',
  },
  {
    file: `${sdk}/providers/acme/z.ts`,
    code: [
      'import { a } from "../../channels/email.ts";',
      'import { b } from "../../provider/options.ts";',
      'import { c } from "../../webhook/scheme/credential.ts";',
      'import { d } from "./request.ts";',
      'import { e } from "../../crypto/bytes.ts";',
      "export { a, b, c, d, e };",
    ].join("\n"),
  },
  { file: `${sdk}/providers/acme/z.test.ts`, code: 'import { a } from "../../send/notifier.ts";\nexport { a };' },
  { file: `packages/smtp/src/test/z.ts`, code: 'import { a } from "node:net";\nexport { a };' },
  { file: `packages/smtp/src/z.node.test.ts`, code: 'import { a } from "node:net";\nexport { a };' },
  { file: `packages/cli/src/z.ts`, code: 'import { a } from "node:util";\nexport { a };' },
  { file: `workers/notify/src/z.ts`, code: 'import { a } from "carillon/providers/acme";\nexport { a };' },
];

interface Report {
  readonly diagnostics: readonly { readonly message: string; readonly help?: string; readonly filename: string }[];
}

describe("the layering rules", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "carillon-layering-"));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  /** Lints each plant in a tree where it is the only one of its name; what was said, by the plant's place in the list. */
  function lint(plants: readonly { readonly file: string; readonly code: string }[]): string[][] {
    const said: string[][] = plants.map(() => []);
    const trees: Map<string, number>[] = [];
    for (const [index, { file }] of plants.entries()) {
      const tree = trees.find((taken) => !taken.has(file));
      if (tree === undefined) trees.push(new Map([[file, index]]));
      else tree.set(file, index);
    }
    for (const tree of trees) {
      const cwd = mkdtempSync(join(folder, "tree-"));
      cpSync(join(root, ".oxlintrc.json"), join(cwd, ".oxlintrc.json"));
      cpSync(join(root, "tsconfig.base.json"), join(cwd, "tsconfig.json"));
      for (const [file, index] of tree) {
        mkdirSync(join(cwd, dirname(file)), { recursive: true });
        writeFileSync(join(cwd, file), `${plants[index]?.code}\n`);
      }
      const answer = spawnSync(join(root, "node_modules/.bin/oxlint"), ["-f", "json", "."], { cwd, encoding: "utf8" });
      for (const { filename, message, help } of (JSON.parse(answer.stdout) as Report).diagnostics) {
        said[tree.get(filename.replaceAll("\\", "/")) ?? -1]?.push(`${message} ${help ?? ""}`);
      }
    }
    return said;
  }

  it("report every planted violation", () => {
    const said = lint(violations);
    const missed = violations.filter(({ says }, index) => !said[index]?.some((text) => text.includes(says)));
    expect(missed).toEqual([]);
  });

  it("leave lawful imports alone", () => {
    expect(lint(lawful)).toEqual(lawful.map(() => []));
  });
});

describe("the SDK outside providers/", () => {
  const ids = globSync("packages/carillon/src/providers/*/index.ts", { cwd: root }).map((file) =>
    basename(dirname(file)),
  );
  // The names of channels are the core's own words, though providers of two of them are called the same.
  const channels = new Set(["email", "sms", "slack", "discord", "webpush", "fcm"]);
  const names = ids.filter((id) => !channels.has(id));

  /** `onUnknown: "hold" | "resend"` is the core's word for sending once more, not the provider. */
  function withoutOption(line: string): string {
    return /onUnknown|"hold"/.test(line) ? line.replaceAll('"resend"', "") : line;
  }

  it("names no provider", () => {
    expect(names).not.toEqual([]);
    const word = new RegExp(`\\b(${names.join("|")})\\b`, "i");
    const guilty = globSync("packages/carillon/src/**/*.ts", { cwd: root })
      .filter((file) => !/\/(providers|fixtures)\/|\.test/.test(file))
      .flatMap((file) =>
        readFileSync(join(root, file), "utf8")
          .split("\n")
          .flatMap((line, index) => (word.test(withoutOption(line)) ? [`${file}:${index + 1}: ${line.trim()}`] : [])),
      );
    expect(guilty).toEqual([]);
  });
});
