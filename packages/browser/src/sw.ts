export { listen, type ListenOptions } from "./sw/listen.ts";
export { notificationOf, type Shown } from "./sw/notification.ts";
