import type { Performed, Provider, ProviderFailure } from "../provider/contract.ts";
import type { OutboundRequest, ProviderResponse } from "../provider/request.ts";
import { failure } from "./perform.ts";
import { within } from "./within.ts";

/**
 * Carries one request by other means than HTTP. It stops when the signal aborts, and calls `handedOver` just before it does
 * what may make the other side take the message: until then, whatever ends the exchange has left nothing behind.
 *
 * What it says of a failure is redacted by the core, but what it throws is dropped, and means that the connection failed.
 */
export type Carry = (
  request: OutboundRequest,
  signal: AbortSignal,
  handedOver: () => void,
) => Promise<ProviderResponse | ProviderFailure>;

/** Makes the `perform` of a provider that does not speak HTTP. Time-outs and what they mean stay the core's. */
export function transport(carry: Carry): NonNullable<Provider["perform"]> {
  return async (request, { timeoutMs, signal }) => {
    let notAccepted: true | undefined = true;
    const controller = new AbortController();
    const carried = async (): Promise<Performed> => {
      try {
        const answer = await carry(request, controller.signal, () => (notAccepted = undefined));
        return "kind" in answer ? answer : { ok: true, response: answer };
      } catch {
        return failure("network", "The connection failed", undefined, notAccepted);
      }
    };
    const performed = signal?.aborted ? undefined : await within(timeoutMs, signal, carried());
    controller.abort();
    if (performed) return performed;
    return signal?.aborted
      ? failure("aborted", "Aborted by the caller", undefined, notAccepted)
      : failure("timeout", `No full answer within ${timeoutMs} ms`, undefined, notAccepted);
  };
}
