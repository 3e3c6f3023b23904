import { carriedBy } from "./notification.ts";
import { report } from "./receipts.ts";

export async function onClick(worker: ServiceWorkerGlobalScope, event: NotificationEvent): Promise<void> {
  const { notification, action } = event;
  const carried = carriedBy(notification);
  notification.close();
  const target = carried.actions?.[action] ?? carried.navigate;
  // The click lets a window be opened for a moment only: nothing comes first.
  await Promise.all([
    target === undefined ? undefined : focusOrOpen(worker, target).catch(() => undefined),
    report("clicked", carried),
  ]);
}

/** Shows the page that has this address already, or a new one. */
async function focusOrOpen({ clients, location }: ServiceWorkerGlobalScope, target: string): Promise<void> {
  const { protocol, href } = new URL(target, location.href);
  if (protocol !== "https:" && protocol !== "http:") return;
  const pages = await clients.matchAll({ type: "window", includeUncontrolled: true });
  const there = pages.find(({ url }) => url === href);
  await (there ? there.focus() : clients.openWindow(href));
}
