import { recordOf } from "../../provider/reading.ts";
import type { RawWebhook } from "../../provider/webhook.ts";

/**
 * The body as a JSON object, an empty one when it is none. Read as the core reads it after the signature held, so that what
 * is verified is what is parsed.
 */
export function jsonBodyOf({ body }: Pick<RawWebhook, "body">): Readonly<Record<string, unknown>> {
  try {
    return recordOf(JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(body)));
  } catch {
    return {};
  }
}
