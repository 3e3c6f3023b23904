import { fromBase64Url } from "../base64url.ts";
import { recall } from "../memory.ts";

/**
 * The browser has ended or replaced the subscription. The service worker subscribes again, so that the person stays
 * reachable; it has no recipient token to register that with, so it asks an open page to, and the next visit does it where
 * none is open (`sync`). Until then the service keeps the old subscription, and learns from the push service that it is gone.
 */
export async function onChange({ registration, clients }: ServiceWorkerGlobalScope): Promise<void> {
  const known = await recall();
  if (known === undefined) return;
  if ((await registration.pushManager.getSubscription()) === null) {
    const applicationServerKey = fromBase64Url(known.publicKey);
    await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey });
  }
  const pages = await clients.matchAll({ type: "window", includeUncontrolled: true });
  // One is enough, and which one does not matter: they have the same person.
  pages[0]?.postMessage("carillon:subscription-changed");
}
