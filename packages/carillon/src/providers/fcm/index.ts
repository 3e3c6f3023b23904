export type { FcmMessageOptions, FcmOptions, FcmServiceAccount } from "./options.ts";
export { fcm } from "./provider.ts";
export { settings } from "./settings.ts";
export type { FcmTopicMembers, FcmTopicResult } from "./topics.ts";
export { subscribeToTopic, unsubscribeFromTopic } from "./topics.ts";
