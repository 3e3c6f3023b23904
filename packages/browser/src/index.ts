export { PushError, type PushErrorCode } from "./page/error.ts";
export type { PushOptions } from "./page/options.ts";
export { type PushState, state } from "./page/state.ts";
export { subscribe, sync, unsubscribe } from "./page/subscribe.ts";
