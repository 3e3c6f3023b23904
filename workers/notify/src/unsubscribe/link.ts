import type { ChannelId } from "carillon";
import { addressOf } from "../accept/address.ts";
import { formatId } from "../ids.ts";
import type { ChunkJob } from "../ledger/claim.ts";
import type { Settings } from "../settings.ts";
import { signToken } from "./token.ts";

/** Where a message's links to unsubscribe lead. */
export const unsubscribePath = "/v1/unsubscribe";

/**
 * Content of a message that brings the link of its one recipient: RFC 8058's headers come of it. Nothing for what is
 * no email, cannot be unsubscribed from, or brings a link of its sender's own.
 */
export async function oneClickLink(
  { unsubscribe }: Settings,
  { channel, shard }: Pick<ChunkJob, "channel" | "shard">,
  message: {
    readonly uuid: string;
    readonly recipient: unknown;
    readonly content: Readonly<Record<string, unknown>>;
    readonly optOutCategory?: string | undefined;
  },
): Promise<{ readonly unsubscribe?: { readonly url: string } }> {
  const { uuid, recipient, content, optOutCategory: category } = message;
  if (channel !== "email" || category === undefined || unsubscribe === undefined || bringsOwnLink(content)) return {};
  const address = await addressOf(channel as ChannelId, recipient);
  if (address === undefined) return {};
  const subject = { channel, addressKey: address.key, category, message: formatId("msg", shard, uuid) };
  return {
    unsubscribe: { url: `${unsubscribe.origin}${unsubscribePath}/${await signToken(unsubscribe.keys[0], subject)}` },
  };
}

/** Whether the sender has seen to it: `unsubscribe`, or the header itself. */
export function bringsOwnLink({ unsubscribe, headers }: Readonly<Record<string, unknown>>): boolean {
  return unsubscribe !== undefined || Object.keys(headers ?? {}).some((name) => /^list-unsubscribe$/i.test(name));
}
