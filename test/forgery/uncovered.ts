import type { Attempt, Family } from "./corpus.ts";

/** Of which requests of the corpus something is said. */
export interface About {
  /** By their names; all where absent. */
  readonly receivers?: RegExp;
  readonly families: readonly Family[];
  readonly what?: RegExp;
  readonly reason: string;
}

/**
 * What is let in although the provider did not send it so. It is the whole list: each of these leaves what is signed as it
 * was, or is signed by the provider's own key.
 */
export const uncovered: readonly About[] = [
  { families: ["hostile-signed"], reason: "signed by the provider: genuine, however strange" },
  {
    families: ["transport"],
    what: /^(headers in another order|names of headers|content-type: |x-|host: |content-length: (5|-1|1e1)$)/,
    reason: "no provider signs other headers; a declared length is not believed",
  },
  {
    receivers: /^(resend|standard)$/,
    families: ["transport", "proofs"],
    what: /-signature twice, /,
    reason: "the header is a list of signatures, for rotation: one that is right is enough",
  },
  {
    receivers: /^(sendgrid|discord)$/,
    families: ["clocks"],
    what: /^signed .* days from now$/,
    reason: "no tolerance is documented, nor that a retry is signed afresh: the event's id makes repeats harmless",
  },
  {
    receivers: /^sendgrid$/,
    families: ["otherwise"],
    what: /^s mirrored$/,
    reason: "of every ECDSA signature (r, s) there is a second one, (r, -s), over the same bytes",
  },
  {
    receivers: /^postmark$/,
    families: ["bytes", "hostile"],
    reason: "a credential speaks for who calls, and for nothing that is said: hence the lock in the URL",
  },
  {
    receivers: /^postmark$/,
    families: ["proofs", "transport"],
    what: /^(another message's body|compressed, and not saying so|1 MB of spaces after it)$/,
    reason: "as above: the body is nobody's",
  },
  {
    receivers: /^mailgun$/,
    families: ["bytes"],
    reason: "only the time and the token are signed: the token is the replay key, by which a second body is refused",
  },
  {
    receivers: /^mailgun$/,
    families: ["proofs"],
    what: /^(the proof of another message|another message's body)$/,
    reason: "as above",
  },
  {
    receivers: /^mailgun$/,
    families: ["otherwise", "transport"],
    what: /^(the time as a number|a wrong one, and the right one after it|1 MB of spaces after it)$/,
    reason:
      "other spellings of the same JSON: of a name that is there twice the last one counts, here and in the parser",
  },
  {
    receivers: /^ses/,
    families: ["bytes", "otherwise", "transport"],
    what: /byte|after it$|before it$|^unsigned fields$|^fields in another order$|spelling of the JSON$|the last one right$/,
    reason: "fields are signed, not their JSON: white space, order, and UnsubscribeURL are nobody's, and not read",
  },
  {
    receivers: /^ses/,
    families: ["proofs"],
    what: /^another message's body$/,
    reason: "the signature is in the body: it is the other message as it was",
  },
  {
    receivers: /^twilio/,
    families: ["otherwise"],
    what: /^(the scheme's port|with a fragment)$/,
    reason: "Twilio signs with the port or without it; a fragment is never sent",
  },
  {
    receivers: /^twilio \(form\)$/,
    families: ["bytes"],
    reason: "names and values are signed one after the other: their order, and where one ends, are not",
  },
  {
    receivers: /^qstash$/,
    families: ["otherwise"],
    what: /^(the next key|body without padding)$/,
    reason:
      "the key that follows is taken before keys roll; the claim is padded or not, as QStash's own receiver reads it",
  },
];

/** What is answered 503, as it may be genuine: the check itself cannot be done. */
export const unverifiable: readonly About[] = [
  {
    receivers: /^ses/,
    families: ["proofs", "otherwise"],
    what: /of SigningCertURL$|^a certificate /,
    reason: "SNS's own host has no such certificate, or one that cannot vouch today: SNS sends it again",
  },
];

export function isAbout({ receivers = /^/, families, what = /^/ }: About, attempt: Attempt): boolean {
  return receivers.test(attempt.receiver.name) && families.includes(attempt.family) && what.test(attempt.what);
}
