import { table } from "../../scripts/provider-table.ts";
import type { Results } from "./runtimes.ts";

export const docsPage = "docs/runtimes.md";

const start = "<!-- runtimes:start -->";
const end = "<!-- runtimes:end -->";

/** Node's column stands for every version of it that ran: a machine has one or several. */
function columnOf(runtime: string): string {
  return runtime.startsWith("Node ") ? "Node" : runtime;
}

/** The page with what ran written anew: `sends`, or what it said instead; and whether it received. */
export function withTable(page: string, ids: readonly string[], results: ReadonlyMap<string, Results>): string {
  const [before, rest] = page.split(start);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error(`${docsPage} has lost its ${start} ... ${end}.`);
  const columns = Map.groupBy(results, ([runtime]) => columnOf(runtime));
  const cell = (id: string, column: string): string => {
    const found = (columns.get(column) ?? []).map(([, of]) => of[id]);
    const sends = found.every((each) => each?.sent === "ok");
    const receives = found.every((each) => each?.received === "ok");
    const receivesNothing = found.every((each) => each?.received === "none");
    if (!sends) return "fails";
    return receives ? "sends, receives" : receivesNothing ? "sends" : "sends, fails to receive";
  };
  const names = [...columns.keys()];
  const rows = ids.map((id) => [id, ...names.map((name) => cell(id, name))]);
  return `${before}${start}\n\n${table(["provider", ...names], rows)}\n\n${end}${after}`;
}
