import type { Context } from "hono";
import { invalid } from "../problem.ts";

/** How many rows a page of a list has: 50 unless the caller says otherwise, 200 at most. */
export function readLimit(c: Context): number {
  const text = c.req.query("limit") ?? "50";
  const limit = Number(text);
  if (!/^\d{1,3}$/.test(text) || limit < 1 || limit > 200) {
    throw invalid([{ field: "limit", detail: "expected a whole number from 1 to 200" }]);
  }
  return limit;
}
