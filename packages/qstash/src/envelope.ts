import { CallError, type ChannelId, type Input } from "carillon";
import { fromBase64, toBase64 } from "./base64.ts";

/** What travels through QStash, as JSON. */
export interface Envelope {
  /** Of the format. */
  readonly carillon: 1;
  /** Carillon's id of the message: the same however often QStash delivers it. */
  readonly messageId: string;
  readonly idempotencyKey: string;
  /** Bytes in it are spelled {@link bytesKey}. Absent where the message is in a store. */
  readonly message?: unknown;
  /** Under which the store has the message. */
  readonly reference?: string | undefined;
}

/** `{ [bytesKey]: "<base64>" }` stands for bytes, which JSON has none of. */
const bytesKey = "$carillon.bytes";

/** A message as JSON. Throws a `CallError` for what JSON cannot carry. */
export function encodeMessage(message: Input): string {
  const spell = (value: unknown): unknown => {
    if (value instanceof Uint8Array) return { [bytesKey]: toBase64(value) };
    if (typeof value === "function" || typeof value === "symbol")
      throw new CallError("enqueue: a function in the message");
    if (Array.isArray(value)) return value.map(spell);
    if (!isRecord(value)) return value;
    if (bytesKey in value) throw new CallError(`enqueue: the message has a key ${bytesKey} of its own`);
    // Of what spells itself, like a date, JSON has the spelling.
    if (typeof value["toJSON"] === "function") return value;
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, spell(part)]));
  };
  try {
    return JSON.stringify(spell(message));
  } catch (error) {
    if (error instanceof CallError) throw error;
    // It goes round in a circle, or has a BigInt.
    throw new CallError("enqueue: the message cannot be written as JSON");
  }
}

/** The message that {@link encodeMessage} wrote. Throws where the JSON is none. */
export function decodeMessage<C extends ChannelId>(message: unknown): Input<C> {
  const read = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(read);
    if (!isRecord(value)) return value;
    const bytes = value[bytesKey];
    if (typeof bytes === "string") return fromBase64(bytes);
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, read(part)]));
  };
  return read(message) as Input<C>;
}

/** An envelope that was read back; undefined when it is none of ours. */
export function parseEnvelope(json: string): Envelope | undefined {
  const value = parseJson(json);
  if (!isRecord(value) || value["carillon"] !== 1) return undefined;
  const { messageId, idempotencyKey, message, reference } = value;
  if (typeof messageId !== "string" || typeof idempotencyKey !== "string") return undefined;
  if (typeof reference === "string") return { carillon: 1, messageId, idempotencyKey, reference };
  return isRecord(message) ? { carillon: 1, messageId, idempotencyKey, message } : undefined;
}

/** Undefined when it is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
