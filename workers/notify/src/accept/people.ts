import type { ChannelId } from "carillon";
import { blankMessageTo } from "./address.ts";
import type { Reject } from "./expand.ts";
import { isNamed, readNamed } from "./named-recipient.ts";
import { maxRecipients } from "./request.ts";
import { channelIds, maxAddressesEach } from "./route-request.ts";

/** Somebody who goes along a route. */
export interface PersonRequest {
  /** As the caller wrote them, on the channels of the route: none, one or more. */
  readonly addresses: ReadonlyMap<ChannelId, readonly { readonly recipient: unknown }[]>;
  /** The app's own id of them, where it was given instead. */
  readonly recipientId?: string | undefined;
}

/** Most addresses of one request, over all people and channels. */
export const maxAddresses = 5_000;

const expectedPerson = 'expected a recipient, or addresses by channel: { "sms": "+44...", "email": "..." }';

/** One person, or a list of them; what is wrong is told to `reject`. */
export function readPeople(to: unknown, channels: ReadonlySet<ChannelId>, reject: Reject): readonly PersonRequest[] {
  const list: readonly unknown[] = Array.isArray(to) ? to : [to];
  if (list.length === 0) reject("to", "expected at least one person");
  if (list.length > maxRecipients) {
    reject("to", `expected at most ${maxRecipients} people`);
    return [];
  }
  const people = list.map((person, index) =>
    readPerson(person, Array.isArray(to) ? `to.${index}` : "to", channels, reject),
  );
  const count = people.reduce((sum, { addresses }) => sum + [...addresses.values()].flat().length, 0);
  if (count > maxAddresses) reject("to", `expected at most ${maxAddresses} addresses in all`);
  return people;
}

function readPerson(person: unknown, path: string, channels: ReadonlySet<ChannelId>, reject: Reject): PersonRequest {
  const addresses = new Map<ChannelId, readonly { readonly recipient: unknown }[]>();
  if (typeof person !== "object" || person === null || Array.isArray(person)) {
    reject(path, expectedPerson);
    return { addresses };
  }
  if (isNamed(person)) {
    const named = readNamed(person);
    if (typeof named === "string") return { addresses, recipientId: named };
    reject(
      named.field.replace(/^to\b/, () => path),
      named.detail,
    );
    return { addresses };
  }
  for (const [name, given] of Object.entries(person)) {
    const channel = channelIds.find((id) => id === name);
    if (channel === undefined) {
      reject(`${path}.${name}`, `expected one of ${channelIds.join(", ")}`);
      continue;
    }
    const list: readonly unknown[] = Array.isArray(given) ? given : [given];
    if (list.length === 0 || list.length > maxAddressesEach) {
      reject(`${path}.${name}`, `expected 1 to ${maxAddressesEach} addresses`);
      continue;
    }
    for (const [index, recipient] of list.entries()) {
      const message = Array.isArray(recipient) ? undefined : blankMessageTo(channel, recipient);
      const at = Array.isArray(given) ? `${path}.${name}.${index}` : `${path}.${name}`;
      if (message === undefined) reject(at, "expected one address");
      else if ("ok" in message) reject(at + message.field.replace(/^to/, ""), message.detail);
    }
    // Whoever keeps all addresses of a person in one object may hand it over as it is.
    if (channels.has(channel))
      addresses.set(
        channel,
        list.map((recipient) => ({ recipient })),
      );
  }
  if (addresses.size === 0) reject(path, `expected an address for a channel of the route: ${[...channels].join(", ")}`);
  return { addresses };
}
