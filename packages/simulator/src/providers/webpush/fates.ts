import type { PushError } from "./errors.ts";

/** What a push service says of a browser, by the beginning of its name, up to the first `-`; any other is there. */
const fates: Readonly<Record<string, PushError>> = {
  unsubscribed: "gone",
  // These two every channel has.
  bounced: "gone",
  suppressed: "gone",
  expired: "unknown-endpoint",
  toomany: "too-many",
  internal: "down",
};

export function fateOf(browser: string): PushError | undefined {
  const [name = ""] = browser.split("-", 1);
  return Object.hasOwn(fates, name) ? fates[name] : undefined;
}
