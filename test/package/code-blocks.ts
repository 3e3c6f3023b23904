import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../scripts/run.ts";

export interface CodeBlock {
  /** Of the document, relative to the root. */
  readonly file: string;
  /** Of the fence's first line. */
  readonly line: number;
  readonly code: string;
}

/** The fenced blocks of a language in a document. */
export function codeBlocks(file: string, language: string): readonly CodeBlock[] {
  const text = readFileSync(join(root, file), "utf8");
  return [...text.matchAll(/^```(\w+)[^\n]*\n([\s\S]*?)^```$/gm)]
    .filter(([, tag]) => tag === language)
    .map((match) => ({ file, line: text.slice(0, match.index).split("\n").length, code: match[2] ?? "" }));
}
