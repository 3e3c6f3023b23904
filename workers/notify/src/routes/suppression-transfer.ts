import { Hono } from "hono";
import type { Context } from "hono";
import * as v from "valibot";
import type { OptOut } from "../directory/opt-outs.ts";
import type { Suppression } from "../directory/suppressions.ts";
import { listSuppressions } from "../directory/suppression-list.ts";
import type { Env } from "../env.ts";
import { invalid, maxErrors, refusal } from "../problem.ts";
import type { FieldError } from "../problem.ts";
import { settingsOf } from "../settings.ts";
import { formatCsv, readCsv } from "../suppress/csv.ts";
import { importAll, maxImportRows, readTransferRow, transferColumns, transferRow } from "../suppress/transfer.ts";
import type { TransferRow } from "../suppress/transfer.ts";
import { authorize } from "./authorize.ts";
import { readBody, readJson } from "./body.ts";
import { formatCursor, readCursor } from "./cursor.ts";

/** Suppressions from and to elsewhere, with whole addresses: for `admin` alone. */
export const suppressionTransfer = new Hono<{ Bindings: Env }>();

/** One page of an export: one read of D1, and about a megabyte. */
const pageRows = 5_000;

/** Of an import: ten thousand rows with every column. */
const maxImportBytes = 4_000_000;

suppressionTransfer.get("/export", async (c) => {
  await authorize(c, "admin");
  const format = c.req.query("format") ?? "json";
  if (format !== "json" && format !== "csv") throw invalid([{ field: "format", detail: "expected json or csv" }]);
  const page = await listSuppressions(c.env.DB, await readCursor(c), pageRows, Date.now());
  const last = page.at(-1);
  const nextCursor = page.length === pageRows && last !== undefined ? await formatCursor(c, last) : undefined;
  const rows = page.map(transferRow);
  if (format === "json") return c.json({ suppressions: rows, nextCursor }, 200, { "cache-control": "no-store" });
  const lines = [transferColumns, ...rows.map((row) => transferColumns.map((column) => row[column] ?? ""))];
  return c.body(formatCsv(lines), 200, {
    "content-type": "text/csv; charset=utf-8; header=present",
    "content-disposition": 'attachment; filename="suppressions.csv"',
    "cache-control": "no-store",
    // Where a CSV has no room for it: RFC 8288.
    ...(nextCursor === undefined ? {} : { link: `<?format=csv&cursor=${nextCursor}>; rel="next"` }),
  });
});

const text = v.optional(v.nullable(v.string("expected text")));

const importRequest = v.strictObject(
  {
    suppressions: v.pipe(
      // Counted before any is looked at.
      v.array(v.unknown(), "expected a list"),
      v.maxLength(maxImportRows, `expected at most ${maxImportRows} entries`),
      v.array(
        v.strictObject(
          Object.fromEntries(transferColumns.map((column) => [column, text])) as Record<
            (typeof transferColumns)[number],
            typeof text
          >,
          "expected an object",
        ),
      ),
    ),
    // An export can be sent back as it came.
    nextCursor: v.optional(v.string("expected text")),
  },
  "expected an object",
);

suppressionTransfer.post("/import", async (c) => {
  await authorize(c, "admin");
  const now = Date.now();
  const rows = isCsv(c) ? await readCsvRows(c) : await readJsonRows(c);
  const { categories } = settingsOf(c.env);
  const optional = new Set(Array.from(categories.values()).flatMap(({ name, required }) => (required ? [] : name)));
  const errors: FieldError[] = [];
  const suppressions: Suppression[] = [];
  const optOuts: OptOut[] = [];
  for (const { at, row } of rows) {
    const read = await readTransferRow(row, optional, now);
    if (!read.ok) errors.push(...read.errors.map(({ column, detail }) => ({ field: `${at}.${column}`, detail })));
    else if (read.suppression !== undefined) suppressions.push(read.suppression);
    else if (read.optOut !== undefined) optOuts.push(read.optOut);
    if (errors.length >= maxErrors) break;
  }
  if (errors.length > 0) throw invalid(errors);
  await importAll(c.env.DB, { suppressions, optOuts }, now);
  return c.json({
    imported: suppressions.length + optOuts.length,
    ended: rows.length - suppressions.length - optOuts.length,
  });
});

interface PlacedRow {
  /** `line 7`, or `suppressions.6`: where a caller finds it. */
  readonly at: string;
  readonly row: TransferRow;
}

function isCsv(c: Context): boolean {
  return c.req.header("content-type")?.split(";")[0]?.trim().toLowerCase() === "text/csv";
}

async function readJsonRows(c: Context): Promise<readonly PlacedRow[]> {
  const { suppressions } = await readJson(c, importRequest, maxImportBytes);
  return suppressions.map((row, index) => ({
    at: `suppressions.${index}`,
    row: Object.fromEntries(Object.entries(row).filter(([, value]) => typeof value === "string" && value !== "")),
  }));
}

async function readCsvRows(c: Context): Promise<readonly PlacedRow[]> {
  const body = await readBody(c, maxImportBytes);
  let csv: string;
  try {
    csv = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(body);
  } catch {
    throw refusal({ status: 400, code: "invalid-csv", title: "The body is not CSV in UTF-8." });
  }
  const { rows, error } = readCsv(csv);
  if (error !== undefined) throw invalid([{ field: `line ${error.line}`, detail: error.detail }]);
  const [head, ...lines] = rows;
  const columns = head?.cells.map((cell) => cell.trim()) ?? [];
  const known: readonly string[] = transferColumns;
  const wrong = columns.filter((column, index) => !known.includes(column) || columns.indexOf(column) !== index);
  if (wrong.length > 0 || !columns.includes("address")) {
    const detail = `expected a line of column names, each once, with address: ${known.join(", ")}`;
    throw invalid([{ field: `line ${head?.line ?? 1}`, detail }]);
  }
  if (lines.length > maxImportRows) {
    throw invalid([
      { field: `line ${lines[maxImportRows]?.line ?? 0}`, detail: `expected at most ${maxImportRows} rows` },
    ]);
  }
  const uneven = lines.find(({ cells }) => cells.length !== columns.length);
  if (uneven !== undefined) {
    throw invalid([{ field: `line ${uneven.line}`, detail: `expected ${columns.length} cells` }]);
  }
  return lines.map(({ line, cells }) => ({
    at: `line ${line}`,
    row: Object.fromEntries(
      columns.map((column, index) => [column, cells[index]?.trim() ?? ""]).filter(([, cell]) => cell !== ""),
    ) as TransferRow,
  }));
}
