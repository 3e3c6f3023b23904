import { onChange } from "./change.ts";
import { onClick } from "./click.ts";
import { carriedBy, type Shown } from "./notification.ts";
import { onPush } from "./push.ts";
import { report } from "./receipts.ts";

export interface ListenOptions {
  /**
   * Makes the notification of a payload: JSON, a text, or undefined for a push without a payload. Browsers take the permission
   * away from who shows none, so where this throws the notification is the one of `notificationOf`.
   */
  readonly notification?: ((payload: unknown) => Shown | Promise<Shown>) | undefined;
}

/**
 * Makes a service worker show what is pushed, open what is clicked, tell the service of both, and keep the subscription.
 * Call it once, while the service worker's script runs: `listen(self)`.
 */
export function listen(worker: ServiceWorkerGlobalScope, { notification }: ListenOptions = {}): void {
  // Firefox says of a notification that was clicked that it was closed, too.
  const clicked = new Set<unknown>();
  worker.addEventListener("push", (event) => event.waitUntil(onPush(worker, event, notification)));
  worker.addEventListener("notificationclick", (event) => {
    clicked.add(carriedBy(event.notification).receipt);
    event.waitUntil(onClick(worker, event));
  });
  worker.addEventListener("notificationclose", (event) => {
    const carried = carriedBy(event.notification);
    if (!clicked.has(carried.receipt)) event.waitUntil(report("dismissed", carried));
  });
  // TypeScript's own types do not know what this event brings.
  worker.addEventListener("pushsubscriptionchange", (event) => (event as ExtendableEvent).waitUntil(onChange(worker)));
}
