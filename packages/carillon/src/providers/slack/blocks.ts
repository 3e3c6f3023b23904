import type { FieldProblem } from "../../provider/message.ts";
import { recordOf, textOf } from "../../provider/reading.ts";

type Blocks = readonly Readonly<Record<string, unknown>>[];

/**
 * How many characters or entries may stand in a place; the first that fits counts. A place is spelled by each object's
 * `type` (`-` for none) and key on the way to it, `*` for a list's entry, `T` for what a text object says:
 * `section text T`, `overflow options * - value`.
 *
 * Source: https://docs.slack.dev/reference/block-kit/blocks and npm `@slack/types` 3.2.0 (read 2026-11-23). Where they
 * disagree, the larger one: Slack's own refusal costs less than one of ours that was wrong.
 */
const limits: readonly (readonly [place: RegExp, max: number])[] = [
  [/overflow options$/, 5],
  [/(context elements|section fields|(boxes|buttons) options)$/, 10],
  [/table rows \*$/, 20],
  [/actions elements$/, 25],
  [/confirm - (confirm|deny) T$/, 30],
  [/(button (text T|accessibility_label)|options \* - (text|description) T|- label T)$/, 75],
  [/(confirm - title T|table rows|select option(s|_groups))$/, 100],
  [/(header text T|options \* - value)$/, 150],
  [/video (alt_text|title T)$/, 200],
  [/(block|action)_id$/, 255],
  [/confirm - text T$/, 300],
  [/(fields \* T|image (alt_text|title T)|button value)$/, 2000],
  [/( T|(button|-) url)$/, 3000],
];

const maxMarkdown = 12_000;
/** Deeper than anything of Block Kit, and an end for blocks that hold themselves. */
const maxDepth = 20;

/** Whether a text has more characters: code points, of which there are at most as many as UTF-16 units. */
export function isLonger(max: number, text: string): boolean {
  return text.length > max && [...text].length > max;
}

/** The first of Block Kit's limits that the blocks break. */
export function blockProblem(blocks: Blocks): FieldProblem | undefined {
  const markdown = blocks.map(({ type, text }) => (type === "markdown" && textOf(text)) || "").join("");
  if (isLonger(maxMarkdown, markdown)) return ["blocks", `at most ${maxMarkdown} characters of markdown`];
  return problemWithin(blocks, "blocks", "", 0);
}

function problemWithin(value: unknown, field: string, place: string, depth: number): FieldProblem | undefined {
  if (depth > maxDepth) return [field, `at most ${maxDepth} levels`];
  if (value === "" && place.endsWith(" T")) return [field, "text"];
  const isList = Array.isArray(value);
  if (isList || typeof value === "string") {
    const max = limits.find(([pattern]) => pattern.test(place))?.[1] ?? Infinity;
    const isOver = isList ? value.length > max : isLonger(max, value);
    if (isOver) return [field, `at most ${max} ${isList ? "entries" : "characters"}`];
    if (!isList) return undefined;
  }
  const { type } = recordOf(value);
  if (depth === 1 && !textOf(type)) return [`${field}.type`, "a type"];
  for (const [key, inner] of Object.entries(value ?? {})) {
    const step = isList ? "*" : `${textOf(type) ?? "-"} ${key}`.replace(/^(mrkdwn|plain_text) text$/, "T");
    // Slack's names are plain words; others are the caller's own and are not repeated.
    const problem = /^\w{1,64}$/.test(key) && problemWithin(inner, `${field}.${key}`, `${place} ${step}`, depth + 1);
    if (problem) return problem;
  }
  return undefined;
}
