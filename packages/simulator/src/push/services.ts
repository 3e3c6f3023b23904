/** The push services whose endpoints the fake browser has, by the browser that uses them. */
export const pushServices = ["chromium", "firefox", "safari", "edge", "simulator"] as const;

export type PushService = (typeof pushServices)[number];

/** What an endpoint of each begins with, up to what tells browsers apart. */
const prefixes: Readonly<Record<PushService, readonly string[]>> = {
  chromium: [
    "https://fcm.googleapis.com/fcm/send/",
    "https://fcm.googleapis.com/wp/",
    "https://jmt17.google.com/fcm/send/",
  ],
  firefox: ["https://updates.push.services.mozilla.com/wpush/v2/"],
  safari: ["https://web.push.apple.com/"],
  edge: ["https://db5p.notify.windows.com/w/?token="],
  simulator: ["https://push.simulator.test/push/"],
};

export function endpointPrefix(service: PushService): string {
  return prefixes[service][0] ?? "";
}

/** Any of Microsoft's hosts counts as the one. */
const windowsHost = /^https:\/\/[^/]+\.notify\.windows\.com\//;

/** Whose endpoint it is, and the rest of it; undefined for a path that no service has. */
export function readEndpoint(url: string): { readonly service: PushService; readonly token: string } | undefined {
  const known = url.replace(windowsHost, "https://db5p.notify.windows.com/");
  for (const service of pushServices) {
    const prefix = prefixes[service].find((prefix) => known.startsWith(prefix));
    if (prefix !== undefined) return { service, token: known.slice(prefix.length) };
  }
  return undefined;
}
