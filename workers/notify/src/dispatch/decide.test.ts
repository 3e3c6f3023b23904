import type { FailureKind } from "carillon";
import { describe, expect, it } from "vitest";
import { defaultBudgets } from "./budgets.ts";
import type { Budget } from "./budgets.ts";
import { decide } from "./decide.ts";
import type { FailedTry } from "./decide.ts";
import type { Lane } from "./lanes.ts";

const now = 1_800_000_000_000;
const day = 86_400_000;

const keyed: Lane = { key: "keyed:default", provider: "keyed", maxBatch: 100, keyWindowMs: day };
const plain: Lane = { key: "plain:default", provider: "plain", maxBatch: 1, keyWindowMs: 0 };

interface Given {
  readonly kind: FailureKind;
  readonly unknown?: boolean;
  readonly earlier?: number;
  readonly lane?: Lane;
  readonly lanes?: readonly Lane[];
  readonly laneTries?: number;
  readonly tries?: number;
  readonly since?: number;
  readonly retryAfterMs?: number;
  readonly tryNext?: true;
  readonly onUnknown?: "resend" | "hold";
  readonly budget?: Budget;
  readonly dueSince?: number;
}

function decided(given: Given): ReturnType<typeof decide> {
  const { kind, unknown = false, lane = keyed, lanes = [keyed, plain], laneTries = 1, onUnknown = "resend" } = given;
  const { retryAfterMs, tryNext, since = now } = given;
  const failed: FailedTry = { failure: { kind, retryAfterMs, tryNext }, unknown };
  const message = {
    lane_tries: laneTries,
    lane_since: since,
    tries: given.tries ?? laneTries,
    unknown_tries: (given.earlier ?? 0) + (unknown ? 1 : 0),
  };
  const { budget = defaultBudgets.email, dueSince = now } = given;
  return decide(message, failed, lane, lanes, { now, onUnknown, budget, dueSince });
}

const again = { action: "retry", lane: "keyed:default" };
const next = { action: "retry", lane: "plain:default", at: now };

describe("decide", () => {
  it.each<[string, Given, object]>([
    ["a message that no provider would take fails", { kind: "invalid-message" }, { action: "stop", place: "failed" }],
    ["a recipient that is gone is suppressed", { kind: "recipient-gone" }, { action: "stop", place: "suppressed" }],
    ["a refusal ends", { kind: "rejected" }, { action: "stop", place: "failed" }],
    ["a refusal by this provider alone goes to the next", { kind: "rejected", tryNext: true }, next],
    ["a wrong key goes to the next", { kind: "unauthorized" }, next],
    ["a short pause is waited out", { kind: "rate-limited", retryAfterMs: 5_000 }, { ...again, at: now + 5_000 }],
    ["a long pause is not, where there is another", { kind: "rate-limited", retryAfterMs: 60_000 }, next],
    [
      "a long pause is, where there is none",
      { kind: "rate-limited", retryAfterMs: 60_000, lanes: [keyed] },
      { ...again, at: now + 60_000, sameRequest: false },
    ],
    ["the third failure on a lane goes to the next", { kind: "unavailable", laneTries: 3 }, next],
    [
      "an unknown outcome is repeated as the same request while the key is known",
      { kind: "timeout", unknown: true, onUnknown: "hold" },
      { ...again, sameRequest: true, possibleDuplicate: false },
    ],
    [
      "an unknown outcome is held when the key is forgotten by then",
      { kind: "timeout", unknown: true, onUnknown: "hold", since: now - day + 30_000 },
      { action: "stop", place: "held" },
    ],
    [
      "or when the provider's pause is longer than the key is known",
      { kind: "unavailable", unknown: true, onUnknown: "hold", retryAfterMs: 2 * day },
      { action: "stop", place: "held" },
    ],
    [
      "or when the provider takes no key",
      { kind: "timeout", unknown: true, onUnknown: "hold", lane: plain },
      { action: "stop", place: "held" },
    ],
    [
      "or when the next lane would be asked",
      { kind: "timeout", unknown: true, onUnknown: "hold", laneTries: 3 },
      { action: "stop", place: "held" },
    ],
    [
      "where it may be resent, it is marked",
      { kind: "timeout", unknown: true, lane: plain },
      { action: "retry", lane: "plain:default", possibleDuplicate: true },
    ],
    ["on the next lane too", { kind: "network", unknown: true, laneTries: 3 }, { ...next, possibleDuplicate: true }],
    [
      "an answer that nobody understands is held",
      { kind: "unexpected-response", unknown: true },
      { action: "stop", place: "held" },
    ],
    [
      "a refusal does not clear an earlier unknown outcome",
      { kind: "rejected", earlier: 1 },
      { action: "stop", place: "held" },
    ],
    [
      "nor does a wrong key: the next lane may make a second copy",
      { kind: "unauthorized", earlier: 1 },
      { ...next, possibleDuplicate: true },
    ],
    [
      "which must not be made under hold",
      { kind: "unauthorized", earlier: 1, onUnknown: "hold" },
      { action: "stop", place: "held" },
    ],
    [
      "the budget's last try is the last",
      { kind: "unavailable", tries: 30 },
      { action: "stop", place: "failed", because: "exhausted" },
    ],
    [
      "what was never worth another try did not exhaust anything",
      { kind: "rejected", tries: 30 },
      { action: "stop", place: "failed", because: "rejected" },
    ],
    [
      "nothing is planned for later than the message may become old",
      { kind: "rate-limited", retryAfterMs: 2 * day, lanes: [keyed] },
      { action: "stop", place: "failed", because: "exhausted" },
    ],
    [
      "one that is too old is not tried again at once, either",
      { kind: "unauthorized", dueSince: now - day - 1 },
      { action: "stop", place: "failed", because: "exhausted" },
    ],
    [
      "one that may have been sent is held when its budget is spent",
      { kind: "timeout", unknown: true, tries: 20, budget: defaultBudgets.sms },
      { action: "stop", place: "held", because: "exhausted" },
    ],
  ])("%s", (_, given, expected) => {
    expect(decided(given)).toMatchObject(expected);
  });

  it.each<FailureKind>(["unavailable", "rate-limited", "unauthorized"])(
    "asks the first lane again, later, when the last has failed: %s",
    (kind) => {
      const last = { kind, lane: plain, laneTries: 3, tries: 6, retryAfterMs: 10_000 };
      const decision = decided(last);
      expect(decision).toMatchObject({ ...again, sameRequest: false, possibleDuplicate: false });
      expect(decision.action === "retry" && decision.at).toBeGreaterThanOrEqual(now + 10_000);
      expect(decision.action === "retry" && decision.at).toBeLessThanOrEqual(now + 3_600_000);
    },
  );

  it.each([
    ["the same request, while the provider knows its key", keyed, { sameRequest: true, possibleDuplicate: false }],
    ["another request where it takes no keys", plain, { sameRequest: false, possibleDuplicate: true }],
  ])("asks the only lane again after an unknown outcome: %s", (_, lane, expected) => {
    const given = { kind: "unavailable" as const, earlier: 1, lane, lanes: [lane], laneTries: 3, tries: 3 };
    expect(decided(given)).toMatchObject({ action: "retry", lane: lane.key, ...expected });
  });

  it("waits longer from try to try, with jitter", () => {
    const pauses = Array.from({ length: 50 }, () => decided({ kind: "unavailable", laneTries: 2 })).map((decision) =>
      decision.action === "retry" ? decision.at - now : -1,
    );
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(4_000);
    expect(new Set(pauses).size).toBeGreaterThan(10);
  });
});
