import type { FcmMessage } from "../../channels/fcm.ts";
import type { Outcome } from "../../provider/contract.ts";
import { failed, here, type Meanings } from "../../provider/failure.ts";
import { entryOf, matches, recordOf, textOf } from "../../provider/reading.ts";
import type { ProviderResponse } from "../../provider/request.ts";

/** https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode (read 2026-11-23). Other codes go by their status. */
const byCode: Meanings = [
  // `NOT_FOUND` is what is left of it in answers without FCM's own code.
  [/ (UNREGISTERED|NOT_FOUND)$/, "recipient-gone", { field: "to.token" }],
  // The token is another project's; or Firebase cannot log in at APNs or a web push service, which the token is of.
  [/ (SENDER_ID_MISMATCH|THIRD_PARTY_AUTH_ERROR)$/, "rejected", here],
];

/** The API's fields by the caller's names, where they differ. */
const fieldNames: Readonly<Record<string, string>> = {
  token: "to.token",
  topic: "to.topic",
  condition: "to.condition",
  "notification.title": "title",
  "notification.body": "body",
  "notification.image": "imageUrl",
  "fcm_options.analytics_label": "providerOptions.fcm.analyticsLabel",
};

function readFailure({ status, json }: ProviderResponse): Outcome {
  const { status: code, message, details } = recordOf(recordOf(json)["error"]);
  const all = (Array.isArray(details) ? details : []).map(recordOf);
  const own = all.find((detail) => matches(/fcm\.v1\.FcmError$/, detail["@type"]));
  const list = all.find((detail) => matches(/\.BadRequest$/, detail["@type"]))?.["fieldViolations"];
  const violations = (Array.isArray(list) ? list : []).map(recordOf);
  const said = [message, ...violations.map(({ field, description }) => `${textOf(field)}: ${textOf(description)}`)];
  const failure = failed(status, textOf(own?.["errorCode"]) ?? textOf(code), said.filter(textOf).join("; "), byCode);
  const [, field] = /^message\.(.+)/s.exec(textOf(violations[0]?.["field"]) ?? "") ?? [];
  // A token that FCM names as the field at fault never becomes one: https://firebase.google.com/docs/cloud-messaging/
  // manage-tokens#detect-invalid-token-responses-from-the-fcm-backend (read 2026-11-23).
  if (field === "token" && status === 400) return { ...failure, kind: "recipient-gone", field: "to.token" };
  return { ...failure, field: failure.field ?? entryOf(fieldNames, field) ?? field };
}

/** The message's name is its id. That which only was validated has a name, too, which is always the same and is no id. */
export function readFcmResponse(response: ProviderResponse, { providerOptions }: FcmMessage): Outcome {
  const { name } = recordOf(response.json);
  if (response.status !== 200 || !matches(/^projects\/.+\/messages\/./, name)) return readFailure(response);
  return { ok: true, providerMessageId: providerOptions["fcm"]?.["validateOnly"] ? undefined : name };
}
