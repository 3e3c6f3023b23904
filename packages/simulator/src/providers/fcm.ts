import { simulatorCredentials } from "../credentials.ts";
import type { FcmContent } from "../message.ts";
import type { ApiRequest, Handled, Route } from "../route.ts";
import { randomBytes } from "../wire/bytes.ts";
import { objectOf, stringOf } from "../wire/json.ts";
import { accessProblem, grantToken } from "./fcm/access.ts";
import { badRequest, fcmError, googleError, refuse } from "./fcm/errors.ts";
import { type FcmRequest, readFcmRequest } from "./fcm/message.ts";
import { fateOf, isToken, shownToken } from "./fcm/tokens.ts";
import { changeTopic } from "./fcm/topics.ts";

// Sources: https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages, .../ErrorCode,
// https://firebase.google.com/docs/cloud-messaging/error-codes, https://google.aip.dev/193.
// Unlike FCM, the simulator knows every token that is well-formed, but for those that `fcm/tokens.ts` names.

const { project_id: project } = simulatorCredentials.fcm.serviceAccount;

const unknownUrl = {
  status: 404,
  headers: { "content-type": "text/html; charset=UTF-8" },
  body: "<!DOCTYPE html>\n<html lang=en><title>Error 404 (Not Found)!!1</title><p>The requested URL was not found on this server.</html>\n",
};

async function handle(request: ApiRequest): Promise<Handled> {
  const { method, path } = request;
  const [, called] = /^\/v1\/projects\/([^/]+)\/messages:send$/.exec(path) ?? [];
  const isTopic = path === "/iid/v1:batchAdd" || path === "/iid/v1:batchRemove";
  if (method !== "POST" || (path !== "/token" && called === undefined && !isTopic)) return refuse(unknownUrl);
  if (path === "/token") return grantToken(request);
  const problem = await accessProblem(request);
  if (problem) return refuse(problem);
  if (isTopic) return changeTopic(request);
  if (called !== project) {
    const message = `Permission 'cloudmessaging.messages.create' denied on resource '//cloudresourcemanager.googleapis.com/projects/${called}' (or it may not exist).`;
    return refuse(googleError(403, "PERMISSION_DENIED", message));
  }
  return send(request.json);
}

function send(json: unknown): Handled {
  if (json === undefined) return refuse(googleError(400, "INVALID_ARGUMENT", "Invalid JSON payload received."));
  const read = readFcmRequest(json);
  if ("violations" in read) return refuse(badRequest(read.violations));
  const { kind, value } = read.target;
  if (kind === "token") {
    const error = isToken(value) ? fateOf(value)?.onSend : "INVALID_ARGUMENT";
    if (error) return refuse(fcmError(error));
  }
  const answer = (id: string): Handled["answer"] => ({
    status: 200,
    body: { name: `projects/${project}/messages/${id}` },
  });
  if (read.validateOnly) {
    return { answer: answer("fake_message_id"), messages: [], note: `Validated only: ${targetOf(read)}` };
  }
  const id = `0:${[...randomBytes(16)].map((byte) => byte % 10).join("")}%${crypto.randomUUID().slice(0, 8)}`;
  const data = objectOf(read.message["data"]) ?? {};
  const label = stringOf(objectOf(read.message["fcm_options"])?.["analytics_label"]);
  return {
    answer: answer(id),
    messages: [
      {
        providerMessageId: `projects/${project}/messages/${id}`,
        messageId: stringOf(data["carillon_message_id"]),
        content: contentOf(read),
        metadata: {},
        tags: label === undefined ? [] : [label],
        recipients: [kind === "token" ? shownToken(value) : `${kind} ${value}`],
      },
    ],
  };
}

function targetOf({ target: { kind, value } }: FcmRequest): string {
  return `${kind} ${kind === "token" ? shownToken(value) : value}`;
}

function contentOf(read: FcmRequest): FcmContent {
  const { message, target, validateOnly } = read;
  const masked = target.kind === "token" ? { ...message, token: shownToken(target.value) } : message;
  return { kind: "fcm", target: targetOf(read), message: masked, validateOnly };
}

/** Firebase Cloud Messaging: https://firebase.google.com/docs/cloud-messaging. It tells nobody of what becomes of a message. */
export const route: Route = {
  id: "fcm",
  name: "Firebase Cloud Messaging",
  // On the host of the first, web push has the rest. Its two others are there for clients with one base URL for all.
  hosts: [
    "fcm.googleapis.com/v1/",
    "fcm.googleapis.com/iid/",
    "fcm.googleapis.com/token",
    "iid.googleapis.com",
    "oauth2.googleapis.com",
  ],
  secretHeaders: ["authorization"],
  handle,
  // https://firebase.google.com/docs/cloud-messaging/throttling-and-quotas
  rate: { limit: 600_000, windowMs: 60_000, of: ({ path }) => (path.endsWith("/messages:send") ? path : undefined) },
  rateLimited: (seconds) => ({ ...fcmError("QUOTA_EXCEEDED"), headers: { "retry-after": String(seconds) } }),
  unavailable: () => fcmError("UNAVAILABLE"),
};
