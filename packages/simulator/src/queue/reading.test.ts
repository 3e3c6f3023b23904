import { describe, expect, test } from "vitest";
import { parseCron } from "./cron.ts";
import { parseDelay, parseGoDuration, parseWait } from "./duration.ts";
import backoff from "./fixtures/retry-backoff.json" with { type: "json" };
import { backoffMs, parseRetryDelay, requestedWaitMs, retryDelayMs } from "./retry-delay.ts";

const nowMs = Date.parse("2024-06-27T12:00:00Z");

test.each([
  ["50s", 50_000],
  ["1d10h30m", 124_200_000],
  ["0s", 0],
  ["10", undefined],
  ["1.5h", undefined],
  ["5ms", undefined],
  ["", undefined],
])("the delay %j is %j ms", (text, ms) => {
  expect(parseDelay(text)).toBe(ms);
});

test.each([
  ["0", 0],
  ["10", 10_000],
  ["6m5s", 365_000],
  ["1.5h", 5_400_000],
  ["250ms", 250],
  ["Thu, 27 Jun 2024 12:16:24 GMT", 984_000],
  ["Thu, 27 Jun 2024 11:00:00 GMT", 0],
  ["soon", undefined],
  ["-5", undefined],
])("a destination that says %j is called again after %j ms", (text, ms) => {
  expect(parseWait(text, nowMs)).toBe(ms);
});

test("nanoseconds and microseconds are durations, too", () => {
  expect(parseGoDuration("1500us")).toBe(1.5);
  expect(parseGoDuration("2000000ns")).toBe(2);
});

describe("the wait before a retry", () => {
  test.each(backoff.cases)("of number $n is $doc when nobody says otherwise", ({ n, expected_seconds_floor }) => {
    expect(Math.floor(backoffMs(n) / 1000)).toBe(expected_seconds_floor);
    expect(retryDelayMs(n - 1, undefined, undefined, nowMs)).toBe(Math.round(backoffMs(n)));
  });

  test.each([
    ["1000", [1000, 1000, 1000]],
    ["1000 * (1 + retried)", [1000, 2000, 3000]],
    ["pow(2, retried) * 1000", [1000, 2000, 4000]],
    ["max(1000, pow(2, retried) * 600)", [1000, 1200, 2400]],
    ["min(5, 7, 3) - -retried % 2", [3, 4, 3]],
    ["round(exp(retried)) + floor(1.9) + ceil(1.1) + abs(-1) + sqrt(9)", [8, 10, 14]],
    ["1e9", undefined],
    ["retried.constructor", undefined],
    ["toString(1)", undefined],
    ["pow(2)", undefined],
    ["1 +", undefined],
    ["", undefined],
  ])("is read from %j", (text, expected) => {
    const expression = parseRetryDelay(text);
    expect(expression && [0, 1, 2].map((retried) => expression(retried))).toEqual(expected);
  });

  test("is what the publisher says, a day at most; the destination's word goes before", () => {
    expect(retryDelayMs(1, "pow(2, retried) * 1000", undefined, nowMs)).toBe(2000);
    expect(retryDelayMs(1, "90000000", undefined, nowMs)).toBe(86_400_000);
    expect(retryDelayMs(1, "0 - 5", undefined, nowMs)).toBe(0);
    expect(retryDelayMs(1, "1000 / (1 - retried)", undefined, nowMs)).toBe(Math.round(backoffMs(2)));
    expect(retryDelayMs(1, "1000", new Headers({ "retry-after": "7" }), nowMs)).toBe(7000);
    expect(retryDelayMs(1, "1000", new Headers({ "x-ratelimit-reset-tokens": "6m5s" }), nowMs)).toBe(365_000);
    expect(retryDelayMs(1, "1000", new Headers({ "retry-after": "86401" }), nowMs)).toBe(1000);
    expect(requestedWaitMs(new Headers({ "retry-after": "x", "x-ratelimit-reset": "3" }), nowMs)).toBe(3000);
  });
});

describe("a cron expression", () => {
  const next = (cron: string, after: string): string | undefined => {
    const plan = parseCron(cron);
    if (typeof plan === "string") return plan;
    const ms = plan.nextAfterMs(Date.parse(after));
    return ms === undefined ? undefined : new Date(ms).toISOString();
  };

  test("is in UTC unless it names a zone", () => {
    expect(next("0 4 * * *", "2026-03-01T04:00:00Z")).toBe("2026-03-02T04:00:00.000Z");
    expect(next("CRON_TZ=America/New_York 0 4 * * *", "2026-03-01T04:00:00Z")).toBe("2026-03-01T09:00:00.000Z");
  });

  test("runs once where the clocks go forward over its time, and once where they go back over it", () => {
    const spring = "CRON_TZ=Europe/Berlin 30 2 * * *";
    const skipped = next(spring, "2026-03-28T12:00:00Z");
    expect(skipped).toBe("2026-03-29T01:00:00.000Z");
    expect(next(spring, skipped ?? "")).toBe("2026-03-30T00:30:00.000Z");
    const first = next(spring, "2026-10-24T12:00:00Z");
    expect(first).toBe("2026-10-25T00:30:00.000Z");
    expect(next(spring, first ?? "")).toBe("2026-10-26T01:30:00.000Z");
  });

  test.each([
    ["CRON_TZ=Mars/Olympus 0 4 * * *", "unknown time zone Mars/Olympus"],
    ["0 0 4 * * *", "expected exactly 5 fields"],
    ["61 4 * * *", "failed to parse 61 4 * * *"],
    ["", "expected exactly 5 fields"],
  ])("%j is refused", (cron, problem) => {
    expect(parseCron(cron)).toBe(problem);
  });

  test("that never comes has no next run", () => {
    expect(next("0 0 30 2 *", "2026-01-01T00:00:00Z")).toBeUndefined();
  });
});
