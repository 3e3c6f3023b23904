import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatDuration, graceMs, maxAheadDays, parseDuration, readWhen } from "./when.ts";
import type { When, WhenRequest } from "./when.ts";

const now = new Date("2026-11-24T12:00:00Z");

function read(request: WhenRequest): When & { readonly errors: readonly string[] } {
  const errors: string[] = [];
  return { ...readWhen(request, now, (field) => void errors.push(field)), errors };
}

const at = (ms: number): string => new Date(now.getTime() + ms).toISOString();

describe("a duration", () => {
  it("is written as it was read, in the largest unit that is whole", () => {
    for (const text of ["90s", "10m", "1h", "90m", "7d", "25h"]) {
      expect(formatDuration(parseDuration(text) ?? 0)).toBe(text);
    }
    expect(formatDuration(parseDuration("3600s") ?? 0)).toBe("1h");
  });

  it.each([
    ["90s", 90_000],
    ["10m", 600_000],
    ["1h", 3_600_000],
    ["7d", 604_800_000],
    ["0s", 0],
  ])("%s", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(["", "10", "m", "-1m", "1.5h", "1h30m", "10 m", "1w", "1M", "1234567890s", "१s"])("not %s", (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });
});

describe("when", () => {
  it("is now unless it says so", () => {
    expect(read({})).toEqual({ sendAt: now.getTime(), expiresAt: undefined, notices: [], errors: [] });
  });

  it("takes a moment of the last minute as now and says so, and refuses an older one", () => {
    fc.assert(
      fc.property(fc.integer({ min: -10 * graceMs, max: -1 }), (ago) => {
        const { sendAt, notices, errors } = read({ sendAt: at(ago) });
        const isGrace = ago >= -graceMs;
        expect(errors).toEqual(isGrace ? [] : ["sendAt"]);
        if (isGrace) expect([sendAt, notices.length]).toEqual([now.getTime(), 1]);
      }),
    );
  });

  it("takes a moment up to the limit as it is", () => {
    const limit = maxAheadDays * 86_400_000;
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 * limit }), (ahead) => {
        const { sendAt, notices, errors } = read({ sendAt: at(ahead) });
        expect(errors).toEqual(ahead > limit ? ["sendAt"] : []);
        expect([sendAt, notices]).toEqual([now.getTime() + ahead, []]);
      }),
    );
  });

  it("expires after it is due, or is refused", () => {
    const span = fc.integer({ min: 0, max: 1_000_000 });
    fc.assert(
      fc.property(span, fc.integer({ min: -1_000_000, max: 2_000_000 }), (delay, end) => {
        const { sendAt, expiresAt, errors } = read({ delay, expiresAt: at(end) });
        expect(errors).toEqual(end > delay ? [] : ["expiresAt"]);
        expect((expiresAt ?? 0) > sendAt).toBe(end > delay);
      }),
    );
    fc.assert(
      fc.property(span, span, (delay, ttl) => {
        expect(read({ delay, ttl })).toMatchObject({
          expiresAt: now.getTime() + delay + ttl,
          errors: ttl === 0 ? ["ttl"] : [],
        });
      }),
    );
  });
});
