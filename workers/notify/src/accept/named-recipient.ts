import { recipientIdPattern } from "carillon/recipient-token";
import { isPlainObject } from "../recipients/plain-object.ts";

/** In the place of an address: somebody by the app's own id, whose addresses are looked up when the message is due. */
export interface NamedRecipient {
  readonly recipient: unknown;
}

/** No channel has addresses with such a field. */
export function isNamed(to: unknown): to is NamedRecipient {
  return isPlainObject(to) && "recipient" in to;
}

/** The id, or what is wrong with it: `field` is below `to`. */
export function readNamed(to: NamedRecipient): string | { readonly field: string; readonly detail: string } {
  const { recipient: id, ...rest } = to;
  const [other] = Object.keys(rest);
  if (other !== undefined) return { field: "to", detail: "expected either a recipient or an address" };
  if (typeof id === "string" && recipientIdPattern.test(id)) return id;
  return { field: "to.recipient", detail: "expected a recipient's id" };
}
