import { messageIdKey } from "../../provider/correlation.ts";

/** In the query of a webhook whose body is no form: the hash of the body. */
export const bodyHashParameter = "bodySHA256";

/**
 * The URL that Twilio is to report to, with our id and the metadata in its query, which Twilio's signature covers. All but
 * letters, digits and `*-._` is percent-encoded, so that no proxy and no URL parser spells it in another way.
 */
export function callbackUrl(
  statusCallback: string,
  metadata: Readonly<Record<string, string>>,
  messageId: string,
): string {
  const url = new URL(statusCallback);
  const carried = new URLSearchParams({ ...metadata, [messageIdKey]: messageId });
  // Twilio's own settings for the call stand in the fragment, and must stay at the end.
  url.search += `${url.search ? "&" : "?"}${carried}`.replaceAll("+", "%20");
  return url.href;
}
