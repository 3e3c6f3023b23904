import { recordOf } from "../../provider/reading.ts";
import type { RawWebhook } from "../../provider/webhook.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Read once a request, however often it is asked for: 50,000 keys take 10 ms. */
const read: WeakMap<RawWebhook["body"], Fields> = /* @__PURE__ */ new WeakMap();

/**
 * The body as a JSON object, an empty one when it is none. Read as the core reads it after the signature held, so that what
 * is verified is what is parsed.
 */
export function jsonBodyOf({ body }: Pick<RawWebhook, "body">): Fields {
  let fields = read.get(body);
  if (!fields) {
    try {
      fields = recordOf(JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(body)));
    } catch {
      fields = {};
    }
    read.set(body, fields);
  }
  return fields;
}
