import type { AppEvent } from "./types.ts";

/** An event's id names its shard and what it is about, so that a repetition has the same one wherever it is made. */
export function eventId(shard: number, { subject, sequence }: Pick<AppEvent, "subject" | "sequence">): string {
  return `evt_${hex(shard, 2)}${subject}${hex(sequence, 4)}`;
}

export interface ParsedEventId extends Pick<AppEvent, "subject" | "sequence"> {
  readonly shard: number;
}

/** Undefined for anything but an event's id whose shard exists. */
export function parseEventId(text: string, shards: number): ParsedEventId | undefined {
  const [, shardDigits = "", subject = "", sequence = ""] =
    /^evt_([0-9a-f]{2})([0-9a-f]{32})([0-9a-f]{4})$/.exec(text) ?? [];
  const shard = Number.parseInt(shardDigits, 16);
  return shard < shards ? { shard, subject, sequence: Number.parseInt(sequence, 16) } : undefined;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}
