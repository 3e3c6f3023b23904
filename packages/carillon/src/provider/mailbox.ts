interface Address {
  readonly email: string;
  readonly name?: string | undefined;
}

/**
 * One mailbox as providers take it in a string: `"Ada \"L\"" <ada@example.com>` (RFC 5322 quoted-string; a name outside
 * ASCII stays as it is, the provider encodes it). Control characters are left to the channel, which refuses them.
 */
export function formatMailbox({ email, name }: Address): string {
  return name ? `"${name.replace(/["\\]/g, "\\$&")}" <${email}>` : email;
}

/** How many mailboxes get the message, all of its envelope. */
export function recipientCount({ to, cc, bcc }: Readonly<Record<"to" | "cc" | "bcc", readonly Address[]>>): number {
  return to.length + cc.length + bcc.length;
}
