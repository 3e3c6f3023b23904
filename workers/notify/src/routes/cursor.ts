import * as v from "valibot";
import type { ListedSuppression, SuppressionCursor } from "../directory/suppression-list.ts";
import { cursorAt } from "../directory/suppression-list.ts";
import { invalid } from "../problem.ts";

/** The `nextCursor` of a page of suppressions. */
export function formatCursor(last: ListedSuppression): string {
  const { createdAt, channel, addressKey, category } = cursorAt(last);
  const bytes = new TextEncoder().encode(JSON.stringify([createdAt, channel, addressKey, category]));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

const fields = v.tuple([v.number(), v.string(), v.string(), v.optional(v.string(), "")]);

export function readCursor(text: string | undefined): SuppressionCursor | undefined {
  if (text === undefined) return undefined;
  try {
    const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
    const [createdAt, channel, addressKey, category] = v.parse(fields, JSON.parse(new TextDecoder().decode(bytes)));
    return { createdAt, channel, addressKey, category };
  } catch {
    throw invalid([{ field: "cursor", detail: "expected the `nextCursor` of a page" }]);
  }
}
