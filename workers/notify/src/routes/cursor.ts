import type { Context } from "hono";
import * as v from "valibot";
import { cursorAt } from "../directory/suppression-list.ts";
import type { ListedSuppression, SuppressionCursor } from "../directory/suppression-list.ts";
import type { Env } from "../env.ts";
import { invalid } from "../problem.ts";
import { openText, sealText } from "../sealed-text.ts";
import type { Seal } from "../sealed-text.ts";

/** The `nextCursor` of a page of suppressions. Sealed, for it holds an address, is in a URL, and its reader may see labels. */
export function formatCursor(c: Context<{ Bindings: Env }>, last: ListedSuppression): Promise<string> {
  const { createdAt, channel, addressKey, category } = cursorAt(last);
  return sealText(sealOf(c), JSON.stringify([createdAt, channel, addressKey, category]));
}

const fields = v.tuple([v.number(), v.string(), v.string(), v.string()]);

export async function readCursor(c: Context<{ Bindings: Env }>): Promise<SuppressionCursor | undefined> {
  const sealed = c.req.query("cursor");
  if (sealed === undefined) return undefined;
  const text = await openText(sealOf(c), sealed);
  if (text === undefined) throw invalid([{ field: "cursor", detail: "expected the `nextCursor` of a page" }]);
  const [createdAt, channel, addressKey, category] = v.parse(fields, JSON.parse(text));
  return { createdAt, channel, addressKey, category };
}

/** With what the deployment keeps secret, or, where the first API key is gone, with the caller's own. */
function sealOf(c: Context<{ Bindings: Env }>): Seal {
  const secret = c.env.ADMIN_API_KEY ?? c.req.header("authorization") ?? "";
  return { secret, purpose: "cursor", context: "suppressions" };
}
