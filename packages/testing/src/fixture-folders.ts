import { CheckError } from "./check.ts";

/** What a glob found: text by path. */
export type FixtureFiles = Readonly<Record<string, string>>;

export interface FixtureFolder {
  readonly name: string;
  /** Text by file name. */
  readonly files: Readonly<Record<string, string | undefined>>;
}

/** The folders `<kind>/<name>/` among the files, by name. A file that no such folder should have is an error. */
export function foldersOf(files: FixtureFiles, kind: string, allowed: readonly string[]): readonly FixtureFolder[] {
  const folders = new Map<string, Record<string, string>>();
  for (const [path, text] of Object.entries(files)) {
    const [found, name, file] = path.split("/").slice(-3);
    if (found !== kind || name === undefined || file === undefined) continue;
    if (!allowed.includes(file)) throw new CheckError(`${path}: a fixture of ${kind}/ has only ${allowed.join(", ")}`);
    folders.set(name, { ...folders.get(name), [file]: text });
  }
  return [...folders].map(([name, byFile]) => ({ name, files: byFile })).toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Refuses files that lie outside of the folders that a suite knows. */
export function refuseStrays(files: FixtureFiles, kinds: readonly string[]): void {
  for (const path of Object.keys(files)) {
    const [kind = "", , file] = path.split("/").slice(-3);
    if (file === undefined || !kinds.includes(kind)) {
      throw new CheckError(`${path}: a fixture lies in ${kinds.map((known) => `${known}/<name>/`).join(" or ")}`);
    }
  }
}
