import { fromBase64Url } from "../../crypto/bytes.ts";
import { isP256Pair } from "../../crypto/p256.ts";
import { ConfigurationError } from "../../error/errors.ts";
import type { ProviderSettings } from "../../provider/settings.ts";
import { webpush } from "./provider.ts";
import { subscriptionProblems } from "./subscription.ts";
import type { VapidKeys } from "./vapid.ts";

export const settings: ProviderSettings<"webpush"> = {
  id: "webpush",
  name: "Web Push",
  channel: "webpush",
  docs: "https://www.rfc-editor.org/rfc/rfc8030",
  // Not by the push service: by the service worker that shows it.
  reports: ["delivered", "clicked"],
  send: {
    required: ["WEBPUSH_VAPID_SUBJECT", "WEBPUSH_VAPID_PUBLIC_KEY", "WEBPUSH_VAPID_PRIVATE_KEY"],
    optional: [
      "WEBPUSH_VAPID_PREVIOUS_PUBLIC_KEY",
      "WEBPUSH_VAPID_PREVIOUS_PRIVATE_KEY",
      // Hosts beside the known push services, separated by commas: `push.example.net`.
      "WEBPUSH_ALLOWED_HOSTS",
    ],
    create: (variables) => {
      const options = optionsOf(variables);
      const provider = webpush(options);
      // A deployment learns it now; code that makes the provider by itself learns it with the first message. This check without
      // WebCrypto would be a tenth of the provider.
      const mixed = options.vapid.flatMap((keys, index) => (isPair(keys) ? [] : ["", "PREVIOUS_"][index]));
      if (mixed.length === 0) return provider;
      const problems = mixed.map((name) => `WEBPUSH_VAPID_${name}PRIVATE_KEY: expected the key of its PUBLIC_KEY`);
      throw new ConfigurationError("webpush", problems);
    },
  },
  register: {
    create(variables) {
      const options = optionsOf(variables);
      return {
        publicKeys: options.vapid.map(({ publicKey }) => publicKey),
        check: (to) => subscriptionProblems(to, options),
      };
    },
  },
};

function optionsOf(variables: Readonly<Record<string, string>>): {
  readonly vapid: readonly [VapidKeys, ...VapidKeys[]];
  readonly allowEndpoint: (endpoint: URL) => boolean;
} {
  const keysOf = (name: string): VapidKeys => ({
    subject: variables["WEBPUSH_VAPID_SUBJECT"] ?? "",
    publicKey: variables[`WEBPUSH_VAPID_${name}PUBLIC_KEY`] ?? "",
    privateKey: variables[`WEBPUSH_VAPID_${name}PRIVATE_KEY`] ?? "",
  });
  const previous = keysOf("PREVIOUS_");
  const hosts = (variables["WEBPUSH_ALLOWED_HOSTS"] ?? "").toLowerCase().split(/[\s,]+/);
  return {
    vapid: [keysOf(""), ...(previous.publicKey ? [previous] : [])],
    allowEndpoint: ({ host }: URL) => hosts.includes(host),
  };
}

function isPair({ publicKey, privateKey }: VapidKeys): boolean {
  return (
    !publicKey || isP256Pair(fromBase64Url(privateKey as string) as Uint8Array, fromBase64Url(publicKey) as Uint8Array)
  );
}
