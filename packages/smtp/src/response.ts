import type { FailureKind, Message, Outcome, ProviderResponse } from "carillon";
import { failed, matches, recordOf, textOf } from "carillon/provider";
import type { SmtpAnswer } from "./wire.ts";

/** What a refusal says beside its kind: whose field it is about, and whether another server may do. */
type About = "recipient" | "from" | "here";

type Meaning = readonly [answer: RegExp, kind: FailureKind, about?: About];

/**
 * What refusals mean, by `<command> <reply code> <enhanced status code>`; the first that fits decides. Enhanced codes come
 * first, because they say more: 550 alone may be a mailbox that is gone, or a policy.
 *
 * Source: RFC 5321 section 4.2.3, RFC 7504 (521, 556), RFC 4954 section 6 (authentication), RFC 1870 (552), RFC 3463 and
 * the IANA registry of enhanced status codes, which lists RFC 5248, 7505 (X.1.10, X.7.27) and 7372 with it (read 2026-11-23)
 */
const meanings: readonly Meaning[] = [
  // Who wants credentials may say so at any command: 530 to MAIL.
  [/^AUTH 5| (525|530|534|535|538) | 5\.7\.(8|9|11|13) $/, "unauthorized"],

  // Addresses: no such mailbox, moved, a domain that takes no mail (RFC 7505), a mailbox that is closed.
  [/^RCPT 5\S+ 5\.(1\.(1|6|10)|2\.1) $|^RCPT 556 /, "recipient-gone", "recipient"],
  [/^(DATA|\.) 5\S+ 5\.(1\.(1|6|10)|2\.1) $/, "recipient-gone"],
  [/^RCPT 5\S+ 5\.1\.[23] $/, "invalid-message", "recipient"],
  [/ 5\.1\.[78] $/, "invalid-message", "from"],
  // Full: for whoever brings it.
  [/^RCPT \S+ 5\.2\.2 $|^RCPT 552 - $/, "rejected"],
  // Too large, too many recipients, and content that cannot be carried.
  [/ 5\.(2\.3|3\.4|6\.\d+) $| 552 /, "invalid-message"],
  [/ 5\.5\.3 $/, "invalid-message", "recipient"],

  // Greylisting, limits of the rate, and bad reputation: all of them pass.
  [/^(?!AUTH|STARTTLS)\S+ 4\S+ 4\.(7\.\d+|2\.1) $/, "rate-limited"],
  [/^\S+ 4/, "unavailable"],

  // Policy, relaying denied, routing, syntax that is not known: a matter of this server, or of how it sees us.
  [/^\S+ 5/, "rejected", "here"],
];

/** The reply's code, and its enhanced status code (RFC 2034) if it begins with one of the same class. */
function codesOf(reply: string): readonly [code: string, enhanced: string] {
  const [, code = "", enhanced = "-"] = /^(\d{3})(?: (\d\.\d{1,3}\.\d{1,3})(?!\S))?/.exec(reply) ?? [];
  return enhanced.startsWith(code[0] ?? "") ? [code, enhanced] : [code, "-"];
}

/** The field in which a recipient stands, as the caller spells it where he wrote lists. */
function fieldOf({ to, cc, bcc }: Message<"email">, recipient: number | undefined): string | undefined {
  const lists = { to, cc, bcc };
  let place = recipient ?? -1;
  for (const [name, list] of Object.entries(lists)) {
    if (place >= 0 && place < list.length) return list.length === 1 ? name : `${name}.${place}`;
    place -= list.length;
  }
  return undefined;
}

/** What is said of an answer that means nothing where it came. */
function unexpected(answer: SmtpAnswer): Outcome {
  const { command, reply } = answer;
  // Before the message's last dot nothing can have been taken, whatever the server meant.
  const isBefore = command !== "." ? { notAccepted: true as const } : {};
  return { ok: false, kind: "unexpected-response", detail: `${command}: ${reply}`, ...isBefore };
}

/**
 * What the server said. A refusal leaves nothing behind, at whichever command: with a 4xx or 5xx it takes no responsibility
 * (RFC 5321 section 4.2.5).
 */
export function readSmtpAnswer({ status, json }: ProviderResponse, message: Message<"email">): Outcome {
  const answer = recordOf(json) as unknown as SmtpAnswer;
  const [code, enhanced] = codesOf(textOf(answer.reply) ?? "");
  // Nothing of ours: answers are made by the conversation.
  if (code !== String(status) || !matches(/./, answer.command)) return failed(status, undefined, undefined);
  const { command, reply, messageId, recipient } = answer;
  if (command === "." && status < 300 && textOf(messageId)) return { ok: true, providerMessageId: messageId };
  const said = `${command} ${code} ${enhanced} `;
  const [, kind, about] = meanings.find(([pattern]) => pattern.test(said)) ?? [];
  if (!kind) return unexpected(answer);
  const field = about === "recipient" ? (fieldOf(message, recipient) ?? "to") : about === "from" ? about : undefined;
  return {
    ok: false,
    kind,
    detail: `${command}: ${reply}`,
    providerCode: enhanced === "-" ? code : enhanced,
    notAccepted: true,
    ...(field && { field }),
    ...(about === "here" && { tryNext: true }),
  };
}
