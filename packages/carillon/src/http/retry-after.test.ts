import { describe, expect, it } from "vitest";
import { boundRetryAfterMs, maxRetryAfterMs, retryAfterMs } from "./retry-after.ts";

const nowMs = Date.parse("2026-11-23T20:00:00Z");

describe("retryAfterMs", () => {
  it.each([
    ["0", 0],
    ["7", 7000],
    [" 120 ", 120_000],
    ["0.35", 350],
    ["Mon, 23 Nov 2026 20:00:30 GMT", 30_000],
    ["Monday, 23-Nov-26 20:00:30 GMT", 30_000],
    ["Mon Nov 23 20:00:30 2026", 30_000],
    ["Mon, 23 Nov 2026 19:00:00 GMT", 0],
    ["99999999999999999999", maxRetryAfterMs],
    ["Sat, 01 Jan 2050 00:00:00 GMT", maxRetryAfterMs],
  ])("reads %j as %d ms", (header, ms) => {
    expect(retryAfterMs(header, nowMs)).toBe(ms);
  });

  it.each([null, "", " ", "-5", "1e3", "soon", "0x10", "Infinity", "2026-11-23", "Mon, 99 Nov 2026 20:00:30 GMT"])(
    "reads %j as nothing",
    (header) => {
      expect(retryAfterMs(header, nowMs)).toBeUndefined();
    },
  );
});

describe("boundRetryAfterMs", () => {
  it("keeps waits that can be, rounded up, and drops what is none", () => {
    expect([12.2, 0, 1e15, -1, Number.NaN, undefined].map(boundRetryAfterMs)).toEqual([
      13,
      0,
      maxRetryAfterMs,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
