import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatCsv, readCsv } from "./csv.ts";

describe("CSV", () => {
  it("has quotes where RFC 4180 wants them, doubled within, and CRLF at the end of each line", () => {
    expect(
      formatCsv([
        ["a", 'b "c"', "d,e", "f\ng"],
        ["", "1"],
      ]),
    ).toBe('a,"b ""c""","d,e","f\ng"\r\n,1\r\n');
  });

  it.each(["=1+1", "+447700900123", "-2", "@SUM(A1)", "\tx", "\rx"])("does not let a spreadsheet run %j", (cell) => {
    const text = formatCsv([["x", cell]]);
    expect(text.replace(/^x,"?/, "")[0]).toBe("'");
    expect(readCsv(text).rows[0]?.cells).toEqual(["x", cell]);
  });

  it("reads back whatever it has written", () => {
    const cell = fc.string({ unit: fc.constantFrom("a", '"', ",", "\n", "\r", "'", "=", "+", " ", "é") });
    const rows = fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(rows, (written) => {
        const { rows: read, error } = readCsv(formatCsv(written));
        expect(error).toBeUndefined();
        expect(read.map(({ cells }) => cells)).toEqual(written);
      }),
    );
  });

  it("tells the line on which a row begins, whatever its cells hold", () => {
    const { rows } = readCsv('a,b\n"x\ny",1\r\n\r\nz,2');
    expect(rows).toEqual([
      { line: 1, cells: ["a", "b"] },
      { line: 2, cells: ["x\ny", "1"] },
      { line: 5, cells: ["z", "2"] },
    ]);
  });

  it("takes a byte order mark, and a last line without an end", () => {
    expect(readCsv("\ufeffa,b\n1,").rows.map(({ cells }) => cells)).toEqual([
      ["a", "b"],
      ["1", ""],
    ]);
  });

  it.each([
    ["a quote that is never closed", 'a\n"b\nc', { line: 2, detail: "a quote is opened and never closed" }],
    ["text after a quote", 'a\n"b"c', { line: 2, detail: "there is text after a closing quote" }],
    ["a quote within", 'a\nb"c', { line: 2, detail: "a quote stands within a cell that has none around it" }],
  ])("says where there is %s", (_, text, error) => {
    expect(readCsv(text).error).toEqual(error);
  });

  it("takes a megabyte of anything in a moment", () => {
    for (const text of ['"'.repeat(1_000_000), ",".repeat(1_000_000), "\n".repeat(1_000_000), "x".repeat(1_000_000)]) {
      const started = performance.now();
      readCsv(text);
      expect(performance.now() - started).toBeLessThan(2_000);
    }
  });
});
