import type { ListenOptions } from "./listen.ts";
import { carriedBy, notificationOf, type Shown } from "./notification.ts";
import { objectOf, readPayload } from "./payload.ts";
import { report } from "./receipts.ts";

/** What declarative push adds, which TypeScript's own types do not know (https://w3c.github.io/push-api/#pushevent-interface). */
interface DeclarativePushEvent extends PushEvent {
  readonly notification?: Notification | null;
}

export async function onPush(
  worker: ServiceWorkerGlobalScope,
  event: DeclarativePushEvent,
  notification: ListenOptions["notification"],
): Promise<void> {
  // The browser has shown a declarative notification by itself, and only says so.
  if (event.notification) return await report("delivered", carriedBy(event.notification));
  const payload = readPayload(event.data);
  const usual = notificationOf(payload, worker.location.host);
  const { carillon } = usual.options.data as { readonly carillon: unknown };
  await Promise.all([
    show(worker, await made(notification, payload, usual), usual.title),
    badge(worker, payload),
    report("delivered", carillon),
  ]);
}

/** The application's notification, which carries what the usual one does. */
async function made(notification: ListenOptions["notification"], payload: unknown, usual: Shown): Promise<Shown> {
  if (!notification) return usual;
  try {
    const { title, options } = await notification(payload);
    return { title, options: { ...options, data: { ...usual.options.data, ...objectOf(options.data) } } };
  } catch {
    return usual;
  }
}

/** A member of a wrong type would leave the person without any notification. */
async function show({ registration }: ServiceWorkerGlobalScope, shown: Shown, fallbackTitle: string): Promise<void> {
  try {
    await registration.showNotification(shown.title, shown.options);
  } catch {
    await registration.showNotification(fallbackTitle, { data: shown.options.data });
  }
}

async function badge({ navigator }: ServiceWorkerGlobalScope, payload: unknown): Promise<void> {
  const count = objectOf(payload)?.["app_badge"];
  if (typeof count !== "number" || !("setAppBadge" in navigator)) return;
  // An application that is not installed has no badge.
  await navigator.setAppBadge(count).catch(() => undefined);
}
