/** What every channel's input carries beside its own content. */
export interface Extras {
  /** String map for correlation. Keys `[A-Za-z0-9_-]{1,64}`, values up to 256 characters, at most 20. Comes back in events. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** Labels for the provider's statistics: `[A-Za-z0-9_-]{1,64}`, at most 10. */
  readonly tags?: readonly string[] | undefined;
  /** What only one provider knows, by provider id; checked by that provider, ignored by the others. */
  readonly providerOptions?: Readonly<Record<string, Readonly<Record<string, unknown>>>> | undefined;
}

/** {@link Extras}, filled in. */
export interface MessageExtras {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
  readonly providerOptions: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** An address as the guard, the suppressions and the logs know it. */
export interface Address {
  /** Normalised; what the guard matches and suppressions are kept under. A hash where the address itself is a secret. */
  readonly key: string;
  /** The same mailbox without its label (`ada@example.com` of `ada+x@example.com`); the guard matches it too. */
  readonly base?: string | undefined;
  /** All that API, logs and console may show: `a***@example.com`. */
  readonly label: string;
  /** Spellings that must never stand in a log, an error or a trace. */
  readonly secrets: readonly string[];
}

/** Why an input is not a message. The detail says what was expected, never the value that was received. */
export interface Refusal {
  readonly ok: false;
  readonly kind: "invalid-message";
  readonly field: string;
  readonly detail: string;
}

/** What a channel is, whichever it is: its file knows its own messages, and no other channel's. */
export interface ChannelDefinition<Id extends string, M> {
  readonly id: Id;
  /** Shape and cross-field rules. Takes what may be anything: the caller may be JavaScript, or JSON. */
  normalise(input: unknown): M | Refusal;
  /**
   * Everyone whom the message would reach, `cc` and `bcc` too. A promise where keys are hashes of secrets (WebCrypto
   * hashes asynchronously): always `await` it.
   */
  addresses(message: M): readonly Address[] | Promise<readonly Address[]>;
  /** The same message for another recipient (the guard's `redirect`); undefined when that cannot be. */
  withRecipient(message: M, to: string): M | undefined;
}
