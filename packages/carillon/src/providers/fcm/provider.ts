import { fcmChannel } from "../../channels/fcm.ts";
import type { Provider } from "../../provider/contract.ts";
import { accountRules, checkOptions } from "../../provider/options.ts";
import { factoryRules, type FcmOptions, type FcmServiceAccount, readServiceAccount } from "./options.ts";
import { buildFcmRequest } from "./request.ts";
import { readFcmResponse } from "./response.ts";
import { fcmAuthorize } from "./token.ts";

/**
 * Sends push messages through Firebase Cloud Messaging's HTTP v1 API. It has no idempotency key, so a send whose answer is
 * lost stays unknown, and no batch.
 *
 * Errors: throws `ConfigurationError` for options that cannot work; of a service account it names the fields, no values.
 *
 * @example
 * createNotifier({ fcm: [fcm({ serviceAccount })] });
 */
export function fcm(options: FcmOptions): Provider<"fcm"> {
  checkOptions("fcm", options, factoryRules, accountRules);
  const { account = "default", baseUrl } = options;
  const serviceAccount = readServiceAccount(options.serviceAccount) as FcmServiceAccount;
  return {
    id: "fcm",
    account,
    channel: fcmChannel,
    baseUrl,
    // https://firebase.google.com/docs/cloud-messaging/throttling-and-quotas (read 2026-11-23): 600,000 a minute.
    rate: { per: "request", perSecond: 10_000, burst: 10_000 },
    authorize: fcmAuthorize(account, serviceAccount),
    buildRequest: (message, context) => buildFcmRequest(message, context, serviceAccount.project_id),
    readResponse: readFcmResponse,
  };
}
