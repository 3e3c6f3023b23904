import { table } from "../../scripts/provider-table.ts";
import type { Cell } from "./cell.ts";
import { messagesOfACell, type Step } from "./steps.ts";

export const docsPage = "docs/crashes.md";

/** A column of the matrix: who sends, and what is heard of it before the lease ends. */
export interface Sender {
  readonly provider: "resend" | "postmark";
  readonly name: string;
  readonly takesKeys: boolean;
  /** Its webhooks come before the service would ask again; else nothing is heard until everything is over. */
  readonly tells: boolean;
}

/** Resend recognises a request by its idempotency key, Postmark has no such thing. */
export const senders: readonly Sender[] = [
  { provider: "resend", name: "Resend", takesKeys: true, tells: false },
  { provider: "postmark", name: "Postmark", takesKeys: false, tells: false },
];

/** Where what is heard counts: only in the long form is a lease waited for, as long as it takes. */
export const toldInTime: Sender = {
  provider: "postmark",
  name: "Postmark, heard of in time",
  takesKeys: false,
  tells: true,
};

/** Whether a provider may be asked twice for what is killed there. */
export function mayBeTwice(step: Step, { takesKeys, tells }: Sender): boolean {
  return step.window === true && !takesKeys && !tells;
}

export interface Result {
  readonly step: Step;
  readonly sender: Sender;
  readonly cell: Cell;
}

const header = ["step", "killed when", "on the disk"];

/** What says which step a row is about. */
export function leading({ phase, when, onDisk, window }: Step): readonly string[] {
  const found = Object.entries(onDisk).filter(([name, count]) => name !== "armed" && count !== 0);
  const some = found.map(([name, count]) => `${count} ${count === 1 ? name.slice(0, -1) : name}`).join(", ");
  return [phase, window === true ? `**${when}**` : when, some === "" ? "nothing" : some];
}

/** The matrix of one scheduler: messages that were lost, and that the provider took twice. */
export function matrix(results: readonly Result[]): string {
  const columns = [...senders, toldInTime].filter((one) => results.some(({ sender }) => sender === one));
  const rows = Array.from(
    Map.groupBy(results, ({ step }) => step),
    ([step, of]) => [
      ...leading(step),
      ...columns.flatMap((column) => {
        const cells = of.filter(({ sender }) => sender === column).map(({ cell }) => cell);
        const sum = (of: (cell: Cell) => readonly string[]): string =>
          String(cells.reduce((total, cell) => total + of(cell).length, 0));
        return cells.length === 0 ? ["", ""] : [sum(({ lost }) => lost), sum(({ twice }) => twice)];
      }),
    ],
  );
  return table([...header, ...columns.flatMap(({ name }) => [`${name}: lost`, "twice"])], rows);
}

/** The page with what was seen of one scheduler. */
export function withMatrix(page: string, scheduler: string, results: readonly Result[], rounds: number): string {
  const kills = `${results.length} kills; of each step, ${rounds * messagesOfACell} messages for each provider.`;
  const { start, end } = blockOf(page, scheduler);
  return `${page.slice(0, start)}\n\n${kills}\n\n${matrix(results)}\n\n${page.slice(end)}`;
}

/** The leading cells of each row that the page has of a scheduler. */
export function shownOf(page: string, scheduler: string): readonly (readonly string[])[] {
  const { start, end } = blockOf(page, scheduler);
  const rows = page
    .slice(start, end)
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .map((line) => line.split("|").map((cell) => cell.trim()));
  return rows.slice(2).map((cells) => cells.slice(1, 1 + header.length));
}

function blockOf(page: string, scheduler: string): { readonly start: number; readonly end: number } {
  const opening = `<!-- crashes-${scheduler}:start -->`;
  const start = page.indexOf(opening) + opening.length;
  const end = page.indexOf(`<!-- crashes-${scheduler}:end -->`);
  if (start < opening.length || end < start) throw new Error(`${docsPage} has lost its ${opening}.`);
  return { start, end };
}
