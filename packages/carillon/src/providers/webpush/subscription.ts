import type { PushSubscription } from "../../channels/webpush.ts";
import { fromBase64Url } from "../../crypto/bytes.ts";
import type { FieldProblem } from "../../provider/message.ts";
import { importReceiverKey } from "./encrypt.ts";
import { readEndpoint } from "./endpoint.ts";
import type { WebPushOptions } from "./options.ts";
import type { VapidKeys } from "./vapid.ts";

/** Of a key in a subscription, as a refused message's. */
export const notOnCurve: FieldProblem = ["to.keys.p256dh", "a point of P-256"];

/** Where messages for a subscription go and whose key signs for them, or what keeps them from there. */
export function wayTo(
  { endpoint: url, applicationServerKey }: PushSubscription,
  { vapid, allowEndpoint }: Pick<WebPushOptions, "vapid" | "allowEndpoint">,
): { readonly endpoint: URL | undefined; readonly sender: VapidKeys | undefined; readonly problems: FieldProblem[] } {
  const endpoint = readEndpoint(url, allowEndpoint);
  // The first is the one for a subscription that names none.
  const sender = ([vapid].flat() as readonly VapidKeys[]).find(
    ({ publicKey }) => publicKey === (applicationServerKey ?? publicKey),
  );
  const problems: FieldProblem[] = [];
  if (!endpoint) problems.push(["to.endpoint", "a known or allowed push service"]);
  if (!sender) problems.push(["to.applicationServerKey", "a key of vapid"]);
  return { endpoint, sender, problems };
}

/** Everything that would have messages for a subscription refused, before there is one. */
export async function subscriptionProblems(
  to: PushSubscription,
  options: Pick<WebPushOptions, "vapid" | "allowEndpoint">,
): Promise<readonly FieldProblem[]> {
  const { problems } = wayTo(to, options);
  try {
    await importReceiverKey(fromBase64Url(to.keys.p256dh) as Uint8Array<ArrayBuffer>);
  } catch {
    problems.push(notOnCurve);
  }
  return problems;
}
