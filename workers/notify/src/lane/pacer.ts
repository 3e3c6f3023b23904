/** What an account allows. */
export interface Rate {
  readonly perSecond: number;
  /** At once, after a while without any. */
  readonly burst: number;
}

/** One number for each priority: high, normal, bulk. */
export type ByPriority = readonly [high: number, normal: number, bulk: number];

export interface Taken {
  readonly granted: ByPriority;
  /** Where not all was granted: when to ask again, in milliseconds. */
  readonly nextAtMs: ByPriority;
}

/** Hands out permits of one lane. Keeps its state in memory: what is lost with it is at most one burst that was not used. */
export interface Pacer {
  /** `asker` is told apart from others only to share among them; it names the most that it could use now. */
  take(asker: number, wanted: ByPriority, now: number): Taken;
}

/** Of the lane, so that there is always room for what cannot wait. */
export const bulkShare = 0.8;

/** Whoever has had nothing for so long counts as one priority higher: nobody waits for ever, however busy the lane is. */
const promotedAfterMs = 30_000;

/** An asker that is so much later than it was told to come is not kept anything for. */
const forgottenAfterMs = 5_000;

const bulk = 2;

interface Waiter {
  readonly asker: number;
  readonly priority: number;
  readonly wanted: number;
  /** When it was last granted something, or first asked. */
  readonly since: number;
  readonly comesAt: number;
}

interface Bucket {
  readonly perSecond: number;
  readonly most: number;
  tokens: number;
}

/**
 * A token bucket, and a smaller one inside it for bulk. Askers come back by themselves, so a permit that one of them waits for
 * is kept for it: by priority, then for whoever has waited longest. It begins with few permits instead of a burst, because
 * nobody knows how much of that was used before a restart.
 */
export function createPacer(rate: Rate, startsAt: number, tokens = 1): Pacer {
  const whole: Bucket = { perSecond: rate.perSecond, most: Math.max(1, rate.burst), tokens };
  const forBulk: Bucket = {
    perSecond: rate.perSecond * bulkShare,
    most: Math.max(1, rate.burst * bulkShare),
    tokens,
  };
  // What one asker gets while others wait: few enough that all have their turn, many enough that they need not come often.
  const portion = Math.max(1, Math.floor(forBulk.most / 2));
  const waiters = new Map<string, Waiter>();
  let at = startsAt;

  function refill(now: number): void {
    const seconds = Math.max(0, now - at) / 1000;
    at = Math.max(at, now);
    for (const one of [whole, forBulk]) one.tokens = Math.min(one.most, one.tokens + seconds * one.perSecond);
    for (const [name, { comesAt }] of waiters) if (comesAt + forgottenAfterMs < now) waiters.delete(name);
  }

  /** Permits that are kept for those who come before this one. */
  function owedBefore(self: Pick<Waiter, "asker" | "priority" | "since">, now: number): { all: number; bulk: number } {
    const owed = { all: 0, bulk: 0 };
    for (const other of waiters.values()) {
      if (other.asker === self.asker && other.priority === self.priority) continue;
      const order = rank(other, now) - rank(self, now) || other.since - self.since || other.asker - self.asker;
      if (order >= 0) continue;
      const kept = rank(other, now) < other.priority ? 1 : Math.min(other.wanted, portion);
      owed.all += kept;
      if (other.priority === bulk) owed.bulk += kept;
    }
    return owed;
  }

  function takeOne(asker: number, priority: number, wanted: number, now: number): { granted: number; next: number } {
    const name = `${asker} ${priority}`;
    const known = waiters.get(name);
    waiters.delete(name);
    if (wanted <= 0) return { granted: 0, next: now };
    const self = { asker, priority, since: known?.since ?? now };
    const owed = owedBefore(self, now);
    const spare = Math.min(whole.tokens - owed.all, priority === bulk ? forBulk.tokens - owed.bulk : Infinity);
    const granted = Math.max(0, Math.min(wanted, Math.floor(spare + 1e-9)));
    whole.tokens -= granted;
    if (priority === bulk) forBulk.tokens -= granted;
    const left = wanted - granted;
    if (left === 0) return { granted, next: now };
    const since = granted > 0 ? now : self.since;
    const before = owedBefore({ asker, priority, since }, now);
    const mine = Math.min(left, portion);
    const waits = [waitMs(whole, before.all + mine), priority === bulk ? waitMs(forBulk, before.bulk + mine) : 0];
    const next = now + Math.max(1, ...waits);
    waiters.set(name, { asker, priority, wanted: left, since, comesAt: next });
    return { granted, next };
  }

  return {
    take(asker, wanted, now) {
      refill(now);
      const [high, normal, low] = wanted.map((count, priority) => takeOne(asker, priority, count, at));
      const none = { granted: 0, next: at };
      const [a, b, c] = [high ?? none, normal ?? none, low ?? none];
      return { granted: [a.granted, b.granted, c.granted], nextAtMs: [a.next, b.next, c.next] };
    },
  };
}

function rank({ priority, since }: Pick<Waiter, "priority" | "since">, now: number): number {
  return Math.max(0, priority - Math.floor((now - since) / promotedAfterMs));
}

/** Until a bucket holds so many. */
function waitMs({ tokens, perSecond }: Bucket, wanted: number): number {
  return Math.ceil(((wanted - tokens) / perSecond) * 1000);
}
