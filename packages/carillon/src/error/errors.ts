/**
 * Base of everything that Carillon throws: wrong configuration and wrong calls. What happens on the wire is returned.
 * Check by `code` (two copies of the package do not share classes).
 */
export class CarillonError extends Error {
  readonly code: string = "ERR_CARILLON";
}

/** Options that cannot work, found when the factory is called; every problem in one message, no secret echoed. */
export class ConfigurationError extends CarillonError {
  override readonly name: string = "ConfigurationError";
  override readonly code: string = "ERR_CARILLON_CONFIGURATION";
  readonly problems: readonly string[];

  constructor(subject: string, problems: readonly string[]) {
    super(`${subject}: ${problems.join("; ")}.`);
    this.problems = problems;
  }
}

/** A call that cannot be carried out whatever the wire says: a channel without a provider, a key that is too long. */
export class CallError extends CarillonError {
  override readonly name: string = "CallError";
  override readonly code: string = "ERR_CARILLON_CALL";
}
