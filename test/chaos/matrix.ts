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
  readonly scheduler: string;
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

/** The page with what was seen. */
export function withMatrices(page: string, results: readonly Result[], rounds: number): string {
  const marked = /<!-- crashes:start -->[\s\S]*<!-- crashes:end -->/;
  if (!marked.test(page)) throw new Error(`${docsPage} has lost its markers`);
  const kills = `${results.length} kills. Of each step, ${rounds * messagesOfACell} messages for each provider.`;
  const parts = Array.from(
    Map.groupBy(results, ({ scheduler }) => scheduler),
    ([scheduler, of]) => `### Scheduler \`${scheduler}\`\n\n${matrix(of)}`,
  );
  const text = [kills, ...parts].join("\n\n");
  return page.replace(marked, () => `<!-- crashes:start -->\n\n${text}\n\n<!-- crashes:end -->`);
}
