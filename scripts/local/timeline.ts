import type { MessageView, TimelineEntry } from "./api.ts";

/** One line of a timeline, in columns. */
export interface TimelineLine {
  /** Seconds since the service took the notification. */
  readonly seconds: number;
  /** Who did it: a provider, or the rule that decided. */
  readonly who: string;
  readonly what: string;
  readonly note: string;
}

/** What is known of a message, as lines; the first says that it was accepted. */
export function timelineOf(message: Pick<MessageView, "acceptedAt" | "timeline">): readonly TimelineLine[] {
  const acceptedAtMs = Date.parse(message.acceptedAt);
  return [
    { seconds: 0, who: "carillon", what: "accepted", note: "saved, and due now" },
    ...message.timeline.map((entry) => lineOf(entry, acceptedAtMs)),
  ];
}

function lineOf(entry: TimelineEntry, acceptedAtMs: number): TimelineLine {
  const seconds = Math.max(0, Date.parse(entry.at) - acceptedAtMs) / 1000;
  const { kind, provider = "", outcome = "", status, type = "", providerType = "", reason, rule = "" } = entry;
  switch (kind) {
    case "attempt":
      return {
        seconds,
        who: provider,
        what: outcome,
        note: [httpStatus(status), stepAfter(entry)].filter(Boolean).join(", "),
      };
    case "event":
      // A push service reports nothing; the browser that shows the message does.
      return {
        seconds,
        who: provider,
        what: type,
        note: `${provider === "webpush" ? "receipt" : "webhook"} ${providerType}`,
      };
    case "decision":
      return { seconds, who: rule, what: typeof entry.then === "string" ? entry.then : "", note: reason ?? "" };
  }
}

function httpStatus(status: number | undefined): string {
  return status === undefined ? "no answer" : `HTTP ${status}`;
}

function stepAfter({ at, provider, then }: TimelineEntry): string {
  if (typeof then !== "object" || then.action !== "retry") return "";
  const lane = then.lane?.split(":")[0] ?? "";
  if (lane !== provider) return `next ${lane}`;
  const againAtMs = Date.parse(then.at ?? "");
  return `again in ${((againAtMs - Date.parse(at)) / 1000).toFixed(1)} s`;
}

/** In aligned columns: seconds, who, what, note. */
export function formatLine(
  { seconds, who, what, note }: TimelineLine,
  tint: (what: string, text: string) => string,
): string {
  const columns = [`${seconds.toFixed(2)} s`.padStart(9), who.padEnd(12), tint(what, what.padEnd(12)), note];
  return columns.join("  ").trimEnd();
}
