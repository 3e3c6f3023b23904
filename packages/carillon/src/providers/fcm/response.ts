import type { FcmMessage } from "../../channels/fcm.ts";
import type { Outcome } from "../../provider/contract.ts";
import { failed, here, type Meanings } from "../../provider/failure.ts";
import { matches, recordOf, textOf } from "../../provider/reading.ts";
import type { ProviderResponse } from "../../provider/request.ts";

/** `NOT_FOUND` is what is left of it in answers without FCM's own code. No topic is ever gone: there, it is the project. */
const ofToken: Meanings = [[/ (UNREGISTERED|NOT_FOUND)$/, "recipient-gone", { field: "to.token" }]];

/** https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode (read 2026-11-23). Other codes go by their status. */
const byCode: Meanings = [
  // The token is another project's; or Firebase cannot log in at APNs or a web push service, which the token is of.
  [/ (SENDER_ID_MISMATCH|THIRD_PARTY_AUTH_ERROR)$/, "rejected", here],
  // Cancelled on the way (google/rpc/code.proto): what had been done by then is not said.
  [/^499/, "unavailable"],
];

/** The API's field by the caller's name. */
function fieldOf(field: unknown): string | undefined {
  const [, path] = /^message\.(?:notification\.)?(.+)/s.exec(textOf(field) ?? "") ?? [];
  return path
    ?.replace(/^(token|topic|condition)$/, "to.$1")
    .replace(/^image$/, "imageUrl")
    .replace(/^fcm_options\.analytics_label$/, "providerOptions.fcm.analyticsLabel");
}

function recordsOf(list: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(list) ? list.map(recordOf) : [];
}

function readFailure({ status, json }: ProviderResponse, { to }: FcmMessage): Outcome {
  const { status: code, message, details } = recordOf(recordOf(json)["error"]);
  const all = recordsOf(details);
  const ofType = (type: RegExp): Readonly<Record<string, unknown>> =>
    recordOf(all.find((detail) => matches(type, detail["@type"])));
  const violations = recordsOf(ofType(/\.BadRequest$/)["fieldViolations"]);
  const said = [message, ...violations.map(({ field, description }) => `${textOf(field)}: ${textOf(description)}`)];
  const failure = failed(
    status,
    textOf(ofType(/\.FcmError$/)["errorCode"]) ?? textOf(code),
    said.filter(textOf).join("; "),
    "token" in to ? [...ofToken, ...byCode] : byCode,
  );
  const field = failure.field ?? fieldOf(violations[0]?.["field"]);
  // A token that FCM names as the field at fault never becomes one: https://firebase.google.com/docs/cloud-messaging/
  // manage-tokens#detect-invalid-token-responses-from-the-fcm-backend (read 2026-11-23).
  return { ...failure, field, kind: status === 400 && field === "to.token" ? "recipient-gone" : failure.kind };
}

/** The message's name is its id. That which only was validated has a name, too, which is always the same and is no id. */
export function readFcmResponse(response: ProviderResponse, message: FcmMessage): Outcome {
  const { name } = recordOf(response.json);
  if (response.status !== 200 || !matches(/^projects\/.+\/messages\/./, name)) return readFailure(response, message);
  return { ok: true, providerMessageId: message.providerOptions["fcm"]?.["validateOnly"] ? undefined : name };
}
