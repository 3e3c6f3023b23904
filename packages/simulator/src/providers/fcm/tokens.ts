import type { FcmErrorCode } from "./errors.ts";

/** What a token's device came to. */
interface Fate {
  readonly onSend: FcmErrorCode;
  /** In the answer of a topic's change; absent: it can join. */
  readonly inTopic?: string;
}

/** By the beginning of the token, up to its first `-`. `bounced`, `suppressed`, `dropped` and `failed` are names that every channel has. */
const fates: Readonly<Record<string, Fate>> = {
  unregistered: { onSend: "UNREGISTERED", inTopic: "NOT_FOUND" },
  bounced: { onSend: "UNREGISTERED", inTopic: "NOT_FOUND" },
  suppressed: { onSend: "UNREGISTERED", inTopic: "NOT_FOUND" },
  invalid: { onSend: "INVALID_ARGUMENT", inTopic: "INVALID_ARGUMENT" },
  dropped: { onSend: "INVALID_ARGUMENT", inTopic: "INVALID_ARGUMENT" },
  failed: { onSend: "INVALID_ARGUMENT", inTopic: "INVALID_ARGUMENT" },
  mismatched: { onSend: "SENDER_ID_MISMATCH", inTopic: "PERMISSION_DENIED" },
  unauthenticated: { onSend: "THIRD_PARTY_AUTH_ERROR" },
  toomany: { onSend: "QUOTA_EXCEEDED", inTopic: "TOO_MANY_TOPICS" },
  internal: { onSend: "INTERNAL", inTopic: "INTERNAL" },
};

export function fateOf(token: string): Fate | undefined {
  const [name = ""] = token.split("-", 1);
  return token.includes("-") && Object.hasOwn(fates, name) ? fates[name] : undefined;
}

export function isToken(token: string): boolean {
  return /^[A-Za-z0-9_:-]{1,4096}$/.test(token);
}

/** Whoever has the whole token can be written to: of a long one only the beginning is shown. */
export function shownToken(token: string): string {
  return token.length > 32 ? `${token.slice(0, 24)}...` : token;
}
