import { describe, expect, it } from "vitest";
import { failureKinds, type FailureKind } from "../result/failure-kind.ts";
import { backoffMs, failureTable, mayHaveBeenSent, nextStep } from "./retry-policy.ts";

type Action = "retry" | "next" | "stop";
type Row = readonly [
  kind: FailureKind,
  sent: boolean,
  hold: Action,
  holdWithKey: Action,
  resend: Action,
  withoutTries: { readonly hold: Action; readonly resend: Action },
];

/** Spelled out, not derived: what each kind leads to with tries left, and without. */
const rows: readonly Row[] = [
  ["invalid-message", false, "stop", "stop", "stop", { hold: "stop", resend: "stop" }],
  ["unauthorized", false, "next", "next", "next", { hold: "next", resend: "next" }],
  ["recipient-gone", false, "stop", "stop", "stop", { hold: "stop", resend: "stop" }],
  ["rejected", false, "stop", "stop", "stop", { hold: "stop", resend: "stop" }],
  ["rate-limited", false, "retry", "retry", "retry", { hold: "next", resend: "next" }],
  ["unavailable", true, "stop", "retry", "retry", { hold: "stop", resend: "next" }],
  ["timeout", true, "stop", "retry", "retry", { hold: "stop", resend: "next" }],
  ["network", true, "stop", "retry", "retry", { hold: "stop", resend: "next" }],
  ["unexpected-response", true, "stop", "stop", "stop", { hold: "stop", resend: "stop" }],
  ["aborted", true, "stop", "stop", "stop", { hold: "stop", resend: "stop" }],
];

const step = (kind: FailureKind, rest: Partial<Parameters<typeof nextStep>[0]> = {}): ReturnType<typeof nextStep> =>
  nextStep({ failure: { kind }, inFlight: true, keyOpen: false, attemptsLeft: true, onUnknown: "hold", ...rest });

describe("the failure table", () => {
  it("has a tested row for every kind", () => {
    expect(rows.map(([kind]) => kind)).toEqual([...failureKinds]);
    expect(Object.keys(failureTable).sort()).toEqual([...failureKinds].sort());
  });

  it.each(rows)("leads %s where it should", (kind, sent, hold, holdWithKey, resend, without) => {
    expect(mayHaveBeenSent({ kind, inFlight: true })).toBe(sent);
    expect(step(kind).action).toBe(hold);
    expect(step(kind, { keyOpen: true }).action).toBe(holdWithKey);
    expect(step(kind, { onUnknown: "resend" }).action).toBe(resend);
    expect(step(kind, { attemptsLeft: false, keyOpen: true }).action).toBe(without.hold);
    expect(step(kind, { attemptsLeft: false, onUnknown: "resend" }).action).toBe(without.resend);
  });
});

describe("mayHaveBeenSent", () => {
  it.each(failureKinds)("is false for %s when the request was never started or was not accepted", (kind) => {
    expect(mayHaveBeenSent({ kind, inFlight: false })).toBe(false);
    expect(mayHaveBeenSent({ kind, inFlight: true, notAccepted: true })).toBe(false);
  });

  it("takes an abort of which nothing is known as not sent, and other open ends as sent", () => {
    expect(mayHaveBeenSent({ kind: "aborted" })).toBe(false);
    expect(mayHaveBeenSent({ kind: "timeout" })).toBe(true);
  });
});

describe("nextStep", () => {
  it("marks what no key protects as a possible duplicate", () => {
    expect(step("timeout", { onUnknown: "resend" })).toEqual({
      action: "retry",
      afterMs: undefined,
      possibleDuplicate: true,
    });
    expect(step("timeout", { onUnknown: "resend", keyOpen: true })).toMatchObject({ possibleDuplicate: false });
    expect(step("timeout", { onUnknown: "resend", keyOpen: true, attemptsLeft: false })).toEqual({
      action: "next",
      possibleDuplicate: true,
    });
  });

  it("repeats freely what was not accepted", () => {
    const failure = { kind: "unavailable", notAccepted: true } as const;
    expect(step("unavailable", { failure })).toMatchObject({ action: "retry", possibleDuplicate: false });
    expect(step("unavailable", { failure, attemptsLeft: false })).toEqual({ action: "next", possibleDuplicate: false });
    expect(step("network", { inFlight: false, attemptsLeft: false })).toMatchObject({ action: "next" });
  });

  it("hands on the delay that the provider named", () => {
    expect(step("rate-limited", { failure: { kind: "rate-limited", retryAfterMs: 0 } })).toMatchObject({ afterMs: 0 });
    expect(step("rate-limited")).toMatchObject({ afterMs: undefined });
  });

  it("asks the next provider after a rejection only when told", () => {
    const failure = { kind: "rejected", tryNext: true } as const;
    expect(step("rejected", { failure })).toEqual({ action: "next", possibleDuplicate: false });
  });

  it("does not let a certain failure clear an earlier uncertain one", () => {
    expect(step("unauthorized", { earlierUnknown: true })).toEqual({ action: "stop" });
    expect(step("rate-limited", { earlierUnknown: true })).toEqual({ action: "stop" });
    expect(step("rate-limited", { earlierUnknown: true, keyOpen: true })).toMatchObject({ action: "retry" });
    expect(step("unauthorized", { earlierUnknown: true, onUnknown: "resend" })).toEqual({
      action: "next",
      possibleDuplicate: true,
    });
  });
});

describe("backoffMs", () => {
  it("doubles up to the cap, and takes any part of it", () => {
    const at = (attempt: number, random: number): number =>
      backoffMs({ attempt, baseMs: 100, capMs: 1000, random: () => random });
    expect([1, 2, 3, 4, 5, 60, 2000].map((attempt) => at(attempt, 0.5))).toEqual([50, 100, 200, 400, 500, 500, 500]);
    expect(at(3, 0)).toBe(0);
  });
});
