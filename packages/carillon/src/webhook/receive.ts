import type { MaybePromise, OutboundRequest } from "../provider/request.ts";
import type { RawWebhook, VerifiedWebhook, VerifyTools, WebhookSource } from "../provider/webhook.ts";
import type { DeliveryEvent } from "../result/delivery-event.ts";
import { readWebhook, type StructuralRequest, type UnreadableReason } from "./raw.ts";
import { findForgery, type Forgery } from "./verify.ts";

export type { StructuralRequest } from "./raw.ts";

export interface ReceiveOptions {
  /** @default the clock */
  readonly now?: (() => Date) | undefined;
  /** For the schemes that get a certificate. @default the platform's */
  readonly fetch?: VerifyTools["fetch"];
  /** Verifies without a wait: `nodeCrypto` of `@carillon/node`. @default WebCrypto */
  readonly crypto?: VerifyTools["crypto"];
  /** @default 1,048,576: the largest webhooks known are sent off when they reach 768 kB */
  readonly maxBodyBytes?: number | undefined;
  /**
   * Whether the key has been seen before; remembers it for so long. Asked only after the signature held, and only where
   * the signature leaves the body uncovered, so that a captured one could vouch for another body.
   */
  readonly seen?: ((key: string, forSeconds: number) => MaybePromise<boolean>) | undefined;
  /** Where certificates are kept until they expire. @default memory */
  readonly remember?: VerifyTools["remember"];
}

/**
 * Why nothing was received. `unverifiable`: the check itself failed, such as a certificate that did not come.
 * `parse-failed`: genuine, but the provider's parser threw, which is a defect.
 */
export type RejectionReason = UnreadableReason | Forgery | "unverifiable" | "parse-failed";

export type ReceivedWebhook<E extends DeliveryEvent = DeliveryEvent> =
  | {
      readonly ok: true;
      readonly events: readonly E[];
      /** Ready to return. Return a 5xx instead if the events could not be stored: the provider then sends them again. */
      readonly response: Response;
      /** To perform, if the caller wants the endpoint confirmed to the provider. */
      readonly confirm?: OutboundRequest | undefined;
    }
  | {
      readonly ok: false;
      /** For the log; the response does not tell it. */
      readonly reason: RejectionReason;
      readonly response: Response;
      /** What was thrown, with `unverifiable` and `parse-failed`. It may hold parts of the request. */
      readonly error?: unknown;
    };

/**
 * The answers to rejections; 401 to all others. The 5xx: the request may be genuine, and a 2xx, or a 4xx with providers
 * that give up on it, would lose its events for good. A replay gets no 2xx either: whether its first was stored is not
 * known here.
 */
const statusByReason: Readonly<Partial<Record<RejectionReason, number>>> = {
  "unreadable-body": 400,
  "method-not-allowed": 405,
  replayed: 409,
  "body-too-large": 413,
  "unsupported-encoding": 415,
  "parse-failed": 500,
  unverifiable: 503,
};

/**
 * Takes a provider's webhook: reads it up to the limit, verifies it by `source.scheme`, and only then decodes and
 * parses it. What arrives never makes it throw.
 *
 * Errors: throws `CallError` when the body was consumed or parsed before.
 *
 * @param request a `Request`, or its parts where a framework has none.
 */
export async function receiveWebhook<E extends DeliveryEvent = DeliveryEvent>(
  source: WebhookSource<E>,
  request: Request | StructuralRequest,
  options: ReceiveOptions = {},
): Promise<ReceivedWebhook<E>> {
  const { maxBodyBytes = 1_048_576, now, seen, ...tools } = options;
  const raw = await readWebhook(request, maxBodyBytes);
  if (typeof raw === "string") return rejected(raw);
  try {
    const forgery = await findForgery(source, raw, { ...tools, now: now?.() ?? new Date() }, seen);
    if (forgery) return rejected(forgery);
  } catch (error) {
    return rejected("unverifiable", error);
  }
  try {
    const { events, reply, confirm } = source.parse(decoded(raw));
    const headers: HeadersInit = reply?.contentType ? { "content-type": reply.contentType } : {};
    const response = new Response(reply?.body ?? null, { status: reply?.status ?? 200, headers });
    return { ok: true, events, response, confirm };
  } catch (error) {
    return rejected("parse-failed", error);
  }
}

/** Of text that is no UTF-8, what can be read; such a body is no JSON. */
function decoded(raw: RawWebhook): VerifiedWebhook {
  let text: string | undefined;
  let json: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(raw.body);
    // A form is not worth an error, which costs more than all the rest.
    if (/^[\s[{"\dtfn-]/.test(text)) json = JSON.parse(text);
  } catch {
    // JSON is left undefined: what that means is for the provider's parser to say.
    text ??= new TextDecoder().decode(raw.body);
  }
  return { ...raw, text, json } as VerifiedWebhook;
}

function rejected(reason: RejectionReason, error?: unknown): ReceivedWebhook & { readonly ok: false } {
  const headers: HeadersInit = reason === "method-not-allowed" ? { allow: "POST" } : {};
  const response = new Response("rejected", { status: statusByReason[reason] ?? 401, headers });
  return { ok: false, reason, response, error };
}
