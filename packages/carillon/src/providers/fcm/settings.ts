import type { ProviderSettings } from "../../provider/settings.ts";
import { fcm } from "./provider.ts";

export const settings: ProviderSettings<"fcm"> = {
  id: "fcm",
  name: "Firebase Cloud Messaging",
  channel: "fcm",
  docs: "https://firebase.google.com/docs/cloud-messaging",
  reports: [],
  send: {
    required: ["FCM_SERVICE_ACCOUNT"],
    optional: ["FCM_BASE_URL"],
    create: (variables) =>
      fcm({
        serviceAccount: variables["FCM_SERVICE_ACCOUNT"] ?? "",
        baseUrl: variables["FCM_BASE_URL"] || undefined,
      }),
  },
};
