/**
 * One mailbox as providers take it in a string: `"Ada \"L\"" <ada@example.com>` (RFC 5322 quoted-string; a name outside
 * ASCII stays as it is, the provider encodes it). Control characters are left to the channel, which refuses them.
 */
export function formatMailbox(address: { readonly email: string; readonly name?: string | undefined }): string {
  return address.name ? `"${address.name.replace(/["\\]/g, "\\$&")}" <${address.email}>` : address.email;
}
