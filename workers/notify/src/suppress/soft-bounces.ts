const dayMs = 86_400_000;

/**
 * When soft bounces are too many: the mailbox is full, or the server refuses, message after message. So many different
 * messages within the window end in a suppression, which ends by itself that long after the last of them. A message that
 * was delivered after all does not count.
 *
 * Five within two weeks: somebody who gets a message a day and is full over a weekend stays, a mailbox that nobody empties
 * does not. A week of rest: long enough to spare the sender's reputation, short enough that somebody who is back is missed.
 */
export const softBounceLimit = { messages: 5, withinMs: 14 * dayMs, restMs: 7 * dayMs } as const;

/** Older ones can have no part in a suppression that still holds. */
export const softBouncesKeptMs: number = softBounceLimit.withinMs + softBounceLimit.restMs;
