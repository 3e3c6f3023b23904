export type { WebPushMessageOptions, WebPushOptions } from "./options.ts";
export { maxPayloadBytes } from "./encrypt.ts";
export { pushPayload } from "./payload.ts";
export type { VapidKeys } from "./vapid.ts";
export { webpush } from "./provider.ts";
export { settings } from "./settings.ts";
