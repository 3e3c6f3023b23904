/** What the service put into a payload, for the receipts: see `docs/browser.md`. */
export interface ReceiptInfo {
  /** Signed by the service, and names the message to it alone. */
  readonly receipt: string;
  /** Where receipts go. */
  readonly url: string;
}

type Json = Readonly<Record<string, unknown>>;

export function objectOf(value: unknown): Json | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

export function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The payload as JSON, or else as text; undefined where there is none. Never throws. */
export function readPayload(data: { text(): string } | null): unknown {
  const text = data?.text();
  if (text === undefined || text === "") return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

export function receiptInfo(value: unknown): ReceiptInfo | undefined {
  const { receipt, url } = objectOf(value) ?? {};
  return typeof receipt === "string" && typeof url === "string" ? { receipt, url } : undefined;
}
