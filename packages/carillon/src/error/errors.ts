/**
 * Base of everything that Carillon throws: wrong configuration and wrong calls. What happens on the wire is returned.
 * Check by `code` (two copies of the package do not share classes).
 */
export class CarillonError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = new.target.name;
    this.code = code;
  }
}

/** Options that cannot work, found when the factory is called; every problem in one message, no secret echoed. */
export class ConfigurationError extends CarillonError {
  readonly problems: readonly string[];

  constructor(subject: string, problems: readonly string[]) {
    super("ERR_CARILLON_CONFIGURATION", `${subject}: ${problems.join("; ")}.`);
    this.problems = problems;
  }
}

/** A call that cannot be carried out whatever the wire says: a channel without a provider, a key that is too long. */
export class CallError extends CarillonError {
  constructor(message: string) {
    super("ERR_CARILLON_CALL", message);
  }
}
