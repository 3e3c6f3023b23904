import { addressOf } from "../accept/address.ts";
import { formatId } from "../ids.ts";
import type { ChunkJob } from "../ledger/claim.ts";
import type { Settings } from "../settings.ts";
import { signToken } from "./token.ts";

/** Where a message's links to unsubscribe lead. */
export const unsubscribePath = "/v1/unsubscribe";

/**
 * Content of a message that brings the link of its one recipient, in RFC 8058's headers. Nothing for what is no email,
 * cannot be unsubscribed from, or brings a link of its sender's own. (The channel's `unsubscribe` takes https alone; in
 * development the link may lead to http.)
 */
export async function oneClickHeaders(
  { unsubscribe }: Settings,
  { channel, shard }: Pick<ChunkJob, "channel" | "shard">,
  message: {
    readonly uuid: string;
    readonly recipient: unknown;
    readonly content: Readonly<Record<string, unknown>>;
    readonly optOutCategory?: string | undefined;
  },
): Promise<{ readonly headers?: object }> {
  const { uuid, recipient, content, optOutCategory: category } = message;
  if (channel !== "email" || category === undefined || unsubscribe === undefined || bringsOwnLink(content)) return {};
  const address = await addressOf(channel, recipient);
  if (address === undefined) return {};
  const subject = { channel, addressKey: address.key, category, message: formatId("msg", shard, uuid) };
  const token = await signToken(unsubscribe.keys[0], subject);
  // Half of the pair says nothing; the whole one is ours.
  const others = Object.entries(content["headers"] ?? {}).filter(([name]) => !/^list-unsubscribe-post$/i.test(name));
  return {
    headers: {
      ...Object.fromEntries(others),
      "List-Unsubscribe": `<${unsubscribe.origin}${unsubscribePath}/${token}>`,
      "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    },
  };
}

/** Whether the sender has seen to it: `unsubscribe`, or the header itself. */
export function bringsOwnLink({ unsubscribe, headers }: Readonly<Record<string, unknown>>): boolean {
  return unsubscribe !== undefined || Object.keys(headers ?? {}).some((name) => /^list-unsubscribe$/i.test(name));
}
