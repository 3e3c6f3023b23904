/** CSV as RFC 4180 has it: quotes where they are needed and doubled within, CRLF at the end of each line. */

/** A cell that a spreadsheet would take for a formula gets an apostrophe in front; telephone numbers begin with a plus. */
const looksLikeFormula = /^[=+\-@\t\r]/;

export function formatCsv(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => `${row.map(formatCell).join(",")}\r\n`).join("");
}

function formatCell(text: string): string {
  const safe = looksLikeFormula.test(text) || /^'[=+\-@\t\r']/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** What {@link formatCsv} makes of a cell, taken back. */
function readCell(text: string): string {
  return /^'[=+\-@\t\r']/.test(text) ? text.slice(1) : text;
}

export interface CsvRow {
  /** Of the file, from 1: where the row begins. */
  readonly line: number;
  readonly cells: readonly string[];
}

export interface CsvError {
  readonly line: number;
  readonly detail: string;
}

/**
 * Reads CSV: cells, and the line on which each row begins, which is not its number where cells hold line breaks. Takes CRLF,
 * LF and a byte order mark; leaves out blank lines. Stops at the first thing that is no CSV.
 */
export function readCsv(text: string): { readonly rows: readonly CsvRow[]; readonly error?: CsvError } {
  const rows: CsvRow[] = [];
  let cells: string[] = [];
  let line = 1;
  let start = 1;
  let at = text.startsWith("\ufeff") ? 1 : 0;
  const close = (): void => {
    if (cells.length > 1 || cells[0] !== "") rows.push({ line: start, cells });
    cells = [];
    start = line;
  };
  while (at < text.length) {
    let cell = "";
    if (text[at] === '"') {
      const opened = line;
      for (at += 1; ; at += 1) {
        if (at >= text.length) return { rows, error: { line: opened, detail: "a quote is opened and never closed" } };
        if (text[at] === '"') {
          if (text[at + 1] !== '"') break;
          at += 1;
        }
        if (text[at] === "\n") line += 1;
        cell += text[at] ?? "";
      }
      at += 1;
      if (at < text.length && !/[,\r\n]/.test(text[at] ?? "")) {
        return { rows, error: { line, detail: "there is text after a closing quote" } };
      }
    } else {
      const end = /[,\r\n]/g;
      end.lastIndex = at;
      const stop = end.exec(text)?.index ?? text.length;
      cell = text.slice(at, stop);
      at = stop;
      if (cell.includes('"'))
        return { rows, error: { line, detail: "a quote stands within a cell that has none around it" } };
    }
    cells.push(readCell(cell));
    if (text[at] === ",") {
      at += 1;
      // A comma at the very end opens one more cell.
      if (at === text.length) cells.push("");
      continue;
    }
    if (text[at] === "\r") at += 1;
    if (text[at] === "\n") at += 1;
    line += 1;
    close();
  }
  if (cells.length > 0) close();
  return { rows };
}
