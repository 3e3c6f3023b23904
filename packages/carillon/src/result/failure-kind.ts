/**
 * What went wrong with an attempt, decided from status and provider code only, never from message text.
 * What may be done about each kind stands in `send/retry-policy.ts`, and nowhere else.
 */
export const failureKinds = [
  "invalid-message",
  "unauthorized",
  "recipient-gone",
  "rejected",
  "rate-limited",
  "unavailable",
  "timeout",
  "network",
  "unexpected-response",
  "aborted",
] as const;

export type FailureKind = (typeof failureKinds)[number];
