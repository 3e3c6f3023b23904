import { recall } from "../memory.ts";

/** What a page can offer: nothing, an explanation, a button to subscribe, or one to unsubscribe. */
export type PushState = "unsupported" | "blocked" | "off" | "on";

export function isSupported(): boolean {
  return "serviceWorker" in navigator && "PushManager" in window && "Notification" in window && "caches" in window;
}

/** How this browser stands. Asks nobody, and changes nothing. */
export async function state(registration?: ServiceWorkerRegistration): Promise<PushState> {
  if (!isSupported()) return "unsupported";
  if (Notification.permission === "denied") return "blocked";
  if (Notification.permission !== "granted" || (await recall()) === undefined) return "off";
  const found = registration ?? (await navigator.serviceWorker.getRegistration());
  return (await found?.pushManager.getSubscription()) ? "on" : "off";
}
