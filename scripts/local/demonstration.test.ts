import { describe, expect, it } from "vitest";
import type { MessageView, TimelineEntry } from "./api.ts";
import { demonstratedMessages } from "./demonstrated-messages.ts";
import { differencesOf } from "./demonstration.ts";
import { formatLine, timelineOf } from "./timeline.ts";

const acceptedAt = "2026-01-01T00:00:00.000Z";

function attempt(seq: number, provider: string, then: TimelineEntry["then"], status?: number): TimelineEntry {
  const outcome = status === 200 ? "accepted" : "unknown";
  const at = "2026-01-01T00:00:01.250Z";
  return { seq, at, kind: "attempt", provider, outcome, ...(status && { status }), ...(then && { then }) };
}

const again = { action: "retry", lane: "resend:default", at: "2026-01-01T00:00:03.250Z" };
const next = { action: "retry", lane: "postmark:default", at: acceptedAt };
const timeline: readonly TimelineEntry[] = [
  attempt(1, "resend", again, 503),
  attempt(2, "resend", next),
  attempt(3, "postmark", { action: "done" }, 200),
  { seq: 4, at: acceptedAt, kind: "event", provider: "postmark", type: "delivered", providerType: "Delivery" },
];

describe("a timeline", () => {
  it("says who did what, and what comes next, in columns", () => {
    const lines = timelineOf({ acceptedAt, timeline }).map((line) => formatLine(line, (_, text) => text));
    expect(lines).toEqual([
      "   0.00 s  carillon      accepted      saved, and due now",
      "   1.25 s  resend        unknown       HTTP 503, again in 2.0 s",
      "   1.25 s  resend        unknown       no answer, next postmark",
      "   1.25 s  postmark      accepted      HTTP 200",
      "   0.00 s  postmark      delivered     webhook Delivery",
    ]);
  });

  it("says which rule decided, and why", () => {
    const decision: TimelineEntry = {
      seq: 1,
      at: acceptedAt,
      kind: "decision",
      rule: "guard",
      then: "captured",
      reason: "no",
    };
    expect(timelineOf({ acceptedAt, timeline: [decision] })[1]).toEqual({
      seconds: 0,
      who: "guard",
      what: "captured",
      note: "no",
    });
  });
});

describe("what a message came to", () => {
  const expected = { status: "delivered", providers: ["resend", "postmark"] };
  const view: Pick<MessageView, "status" | "timeline"> = { status: "delivered", timeline };

  it("differs in nothing when status and providers are as they should be", () => {
    expect(differencesOf({ expected }, view)).toEqual([]);
  });

  it("differs when the status is another, or another was asked to carry it", () => {
    expect(differencesOf({ expected: { ...expected, status: "bounced" } }, view)).toEqual([
      "should be bounced, is delivered",
    ]);
    expect(differencesOf({ expected: { ...expected, providers: [] } }, view)).toEqual([
      "should be tried by nobody, was tried by resend, then postmark",
    ]);
  });
});

describe("the demonstration", () => {
  it("has new addresses in each run, but for one that it must not reach and those that nothing suppresses", async () => {
    const addresses = async (run: string): Promise<readonly string[]> =>
      (await demonstratedMessages(run)).map(({ to }) => JSON.stringify(to));
    const first = await addresses("one");
    const second = await addresses("two");
    expect(first.filter((to) => second.includes(to)).map((to) => to.slice(0, 18))).toEqual([
      '"ada@example.com"',
      '"+15005550010"',
      '"C0FOUNDRY"',
      '{"webhookUrl":"htt',
    ]);
  });

  it("shows no address that is a secret", async () => {
    for (const { to, shown } of await demonstratedMessages("one")) {
      if (typeof to !== "string") expect(JSON.stringify(to)).not.toContain(shown);
    }
  });
});
