import type { ProviderSettings } from "../../provider/settings.ts";
import type { VapidKeys } from "./options.ts";
import { webpush } from "./provider.ts";

export const settings: ProviderSettings<"webpush"> = {
  id: "webpush",
  name: "Web Push",
  channel: "webpush",
  docs: "https://www.rfc-editor.org/rfc/rfc8030",
  send: {
    required: ["WEBPUSH_VAPID_SUBJECT", "WEBPUSH_VAPID_PUBLIC_KEY", "WEBPUSH_VAPID_PRIVATE_KEY"],
    optional: [
      "WEBPUSH_VAPID_PREVIOUS_PUBLIC_KEY",
      "WEBPUSH_VAPID_PREVIOUS_PRIVATE_KEY",
      // Hosts beside the known push services, separated by commas: `push.example.net`.
      "WEBPUSH_ALLOWED_HOSTS",
    ],
    create: (variables) => {
      const keysOf = (name: string): VapidKeys => ({
        subject: variables["WEBPUSH_VAPID_SUBJECT"] ?? "",
        publicKey: variables[`WEBPUSH_VAPID_${name}PUBLIC_KEY`] ?? "",
        privateKey: variables[`WEBPUSH_VAPID_${name}PRIVATE_KEY`] ?? "",
      });
      const previous = keysOf("PREVIOUS_");
      const hosts = (variables["WEBPUSH_ALLOWED_HOSTS"] ?? "").toLowerCase().split(/[\s,]+/);
      return webpush({
        vapid: [keysOf(""), ...(previous.publicKey ? [previous] : [])],
        allowEndpoint: ({ host }) => hosts.includes(host),
      });
    },
  },
};
