import { styleText } from "node:util";

export type Tone = "good" | "bad" | "warn" | "dim" | "strong" | "plain";

const styles = { good: "green", bad: "red", warn: "yellow", dim: "dim", strong: "bold" } as const;

/** Coloured on a terminal that wants colours (`NO_COLOR`), and nowhere else. */
export function tinted(tone: Tone, text: string): string {
  return tone === "plain" ? text : styleText(styles[tone], text, { stream: process.stdout });
}

const tones: Readonly<Record<string, Tone>> = {
  delivered: "good",
  accepted: "good",
  opened: "good",
  clicked: "good",
  captured: "warn",
  deferred: "warn",
  suppressed: "warn",
  held: "warn",
  unknown: "warn",
  soft_bounced: "warn",
  bounced: "bad",
  complained: "bad",
  failed: "bad",
};

/** How a status, or what an attempt came to, is shown. */
export function toneOf(status: string): Tone {
  return tones[status] ?? "plain";
}
