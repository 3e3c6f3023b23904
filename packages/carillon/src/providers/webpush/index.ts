export type { VapidKeys, WebPushMessageOptions, WebPushOptions } from "./options.ts";
export { webpush } from "./provider.ts";
export { settings } from "./settings.ts";
