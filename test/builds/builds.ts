import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliDecompressSync } from "node:zlib";
import { currentMigrations } from "../workerd/service.ts";

export const fixtures: string = join(import.meta.dirname, "fixtures");
export const manifest: string = join(fixtures, "builds.json");

/** The Worker as it was deployed from a commit: `pack.ts` makes it. */
export interface Build {
  readonly name: string;
  readonly commit: string;
  readonly committedAt: string;
  /** What the directory had by then. */
  readonly migrations: readonly string[];
  /** Of the bundle, before it is compressed. */
  readonly sha256: string;
}

/** Oldest first. */
export function builds(): readonly Build[] {
  return existsSync(manifest) ? (JSON.parse(readFileSync(manifest, "utf8")) as Build[]) : [];
}

/** Puts a build's bundle and migrations into a folder. */
export function unpack(
  { name, migrations, sha256 }: Build,
  folder: string,
): { readonly script: string; readonly migrations: string } {
  const text = brotliDecompressSync(readFileSync(join(fixtures, `${name}.js.br`)));
  if (createHash("sha256").update(text).digest("hex") !== sha256) throw new Error(`${name} is not what was packed`);
  const script = join(folder, `${name}.js`);
  writeFileSync(script, text);
  const own = join(folder, `${name}-migrations`);
  mkdirSync(own);
  for (const file of migrations) copyFileSync(join(currentMigrations, file), join(own, file));
  return { script, migrations: own };
}
