import type { Answer, Handled } from "../../route.ts";

/** Codes of https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode, with the status that each comes with. */
export const fcmErrors = {
  INVALID_ARGUMENT: [400, "INVALID_ARGUMENT", "The registration token is not a valid FCM registration token"],
  UNREGISTERED: [404, "NOT_FOUND", "Requested entity was not found."],
  SENDER_ID_MISMATCH: [403, "PERMISSION_DENIED", "SenderId mismatch"],
  QUOTA_EXCEEDED: [429, "RESOURCE_EXHAUSTED", "Quota exceeded for quota metric 'Send requests'."],
  UNAVAILABLE: [503, "UNAVAILABLE", "The service is currently unavailable."],
  INTERNAL: [500, "INTERNAL", "Internal error encountered."],
  THIRD_PARTY_AUTH_ERROR: [401, "UNAUTHENTICATED", "Auth error from APNS or Web Push Service"],
} as const;

export type FcmErrorCode = keyof typeof fcmErrors;

/** What is wrong with a field, as `google.rpc.BadRequest` says it. */
export interface Violation {
  readonly field: string;
  readonly description: string;
}

/** The error model of Google's APIs: https://google.aip.dev/193. */
export function googleError(code: number, status: string, message: string, ...details: readonly object[]): Answer {
  return { status: code, body: { error: { code, message, status, ...(details.length > 0 && { details }) } } };
}

export function fcmError(errorCode: FcmErrorCode): Answer {
  const detail = { "@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", errorCode };
  const [code, status, message] = fcmErrors[errorCode];
  return googleError(code, status, message, detail);
}

/** A message that does not fit the API's types names its fields, and has no code of FCM's. */
export function badRequest(violations: readonly Violation[]): Answer {
  const message = violations.map(({ description }) => description).join("\n");
  const detail = { "@type": "type.googleapis.com/google.rpc.BadRequest", fieldViolations: violations };
  return googleError(400, "INVALID_ARGUMENT", message, detail);
}

export function refuse(answer: Answer, note?: string): Handled {
  return { answer, messages: [], note };
}
