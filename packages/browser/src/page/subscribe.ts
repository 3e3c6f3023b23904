import { fromBase64Url, toBase64Url } from "../base64url.ts";
import { forget, recall, remember } from "../memory.ts";
import { PushError } from "./error.ts";
import type { PushOptions } from "./options.ts";
import { askPermission } from "./permission.ts";
import { currentKey, register, remove } from "./service.ts";
import { isSupported, type PushState, state } from "./state.ts";

/**
 * Subscribes this browser for a recipient: asks for permission where that has not been given, subscribes with the service's
 * current key, and registers the subscription. Call it in the handler of a click or a key. To call it again changes nothing.
 *
 * Errors: rejects with a {@link PushError}, whose `code` says what to tell the person.
 */
export async function subscribe(options: PushOptions): Promise<PushSubscription> {
  if (!isSupported()) throw new PushError("unsupported", "This browser has no push messages here.");
  await askPermission();
  return await alone(() => subscribeNow(options));
}

/**
 * Puts right what has changed since the last visit; call it on each. A browser that was subscribed is subscribed again where
 * its subscription is gone or was made with another key than the service's current one, and is registered for the recipient
 * who is here now. Asks for no permission; a browser that was never subscribed, or unsubscribed, is left alone.
 *
 * Errors: rejects with a {@link PushError} of code `service`, `push-service` or `no-service-worker`.
 */
export async function sync(options: PushOptions): Promise<PushState> {
  const isWanted = isSupported() && Notification.permission === "granted" && (await recall()) !== undefined;
  if (isWanted) await alone(() => subscribeNow(options));
  return await state(options.registration);
}

/** Ends the subscription, in the browser and at the service. The permission stays: only the person can take it back. */
export async function unsubscribe(options: PushOptions): Promise<void> {
  if (!isSupported()) return;
  await alone(async () => {
    const known = await recall();
    const subscription = await (await registrationOf(options)).pushManager.getSubscription();
    await forget();
    // What the person wants comes first: a service that is not told learns it from the push service.
    await subscription?.unsubscribe();
    const endpoint = subscription?.endpoint ?? known?.endpoint;
    if (endpoint !== undefined) await remove(options, endpoint);
  });
}

async function subscribeNow(options: PushOptions): Promise<PushSubscription> {
  const registration = await registrationOf(options);
  const [publicKey, known] = await Promise.all([currentKey(options), recall()]);
  let subscription = await registration.pushManager.getSubscription();
  if (subscription && keyOf(subscription) !== publicKey) {
    // A browser has one subscription for a service worker, and it goes with one key.
    await subscription.unsubscribe();
    subscription = null;
  }
  subscription ??= await subscribeWith(registration, publicKey);
  const { endpoint } = subscription;
  await register(options, subscription, publicKey);
  await remember({ service: options.service, publicKey, endpoint });
  // That the old one is gone the push service says too, when it is sent to next.
  if (known && known.endpoint !== endpoint) await remove(options, known.endpoint).catch(() => undefined);
  whenChanged(options);
  return subscription;
}

async function subscribeWith(registration: ServiceWorkerRegistration, publicKey: string): Promise<PushSubscription> {
  try {
    const applicationServerKey = fromBase64Url(publicKey);
    return await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey });
  } catch (error) {
    throw new PushError("push-service", `The browser could not subscribe: ${String(error)}`);
  }
}

/** The key that a subscription was made with, in base64url. */
function keyOf({ options: { applicationServerKey } }: PushSubscription): string | undefined {
  return applicationServerKey ? toBase64Url(applicationServerKey) : undefined;
}

/** `ready` alone would wait for ever where no service worker is registered. */
async function registrationOf({ registration }: PushOptions): Promise<ServiceWorkerRegistration> {
  if (registration) return registration;
  if ((await navigator.serviceWorker.getRegistration()) === undefined) {
    throw new PushError("no-service-worker", "Register a service worker first: navigator.serviceWorker.register().");
  }
  return await navigator.serviceWorker.ready;
}

/** One page at a time: two that subscribe anew would each end the other's subscription. */
function alone<T>(work: () => Promise<T>): Promise<T> {
  return navigator.locks ? navigator.locks.request("carillon-push", work) : work();
}

let present: PushOptions | undefined;

/** The service worker has no token. When the browser gives it another subscription, it asks an open page to register that. */
function whenChanged(options: PushOptions): void {
  const isFirst = present === undefined;
  present = options;
  if (!isFirst) return;
  navigator.serviceWorker.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
    // What fails now is done at the next visit.
    if (data === "carillon:subscription-changed" && present) sync(present).catch(() => undefined);
  });
}
