import type { Mailbox } from "../message.ts";

// eslint-disable-next-line no-control-regex -- control characters are what is refused
const controlCharacter = /[\u0000-\u001f\u007f]/;
const address = /^[^\s@<>(),;:"\\[\]]{1,64}@(?=.{1,253}$)[\p{L}\p{N}-]+(\.[\p{L}\p{N}-]+)+$/u;
const named = /^(?:"((?:[^"\\]|\\.)*)"|([^"<>,]*))\s*<([^<>]+)>$/;

export function isAddress(text: string): boolean {
  return address.test(text);
}

/** `ada@example.com`, `Ada <ada@example.com>` or `"Lovelace, Ada" <ada@example.com>`. */
export function parseMailbox(text: string): Mailbox | undefined {
  const trimmed = text.trim();
  if (controlCharacter.test(trimmed)) return undefined;
  if (isAddress(trimmed)) return { email: trimmed };
  const match = named.exec(trimmed);
  const email = match?.[3]?.trim();
  if (!match || email === undefined || !isAddress(email)) return undefined;
  const name = match[1]?.replace(/\\(.)/g, "$1") ?? match[2]?.trim() ?? "";
  return name === "" ? { email } : { email, name };
}

/** A comma-separated list, commas in quoted names not counting; undefined when one entry is no address. */
export function parseMailboxList(text: string): Mailbox[] | undefined {
  if (text.trim() === "") return [];
  const parts = text.match(/(?:"(?:[^"\\]|\\.)*"|[^",])+|,(?=,|$)/g) ?? [];
  const mailboxes = parts.map(parseMailbox);
  return mailboxes.every((mailbox) => mailbox !== undefined) ? mailboxes : undefined;
}
