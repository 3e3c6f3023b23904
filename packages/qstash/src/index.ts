export type { ChannelsOf, Sender } from "./sender.ts";
export {
  createQueue,
  type Delay,
  type Enqueued,
  type EnqueueOptions,
  type EnqueueResult,
  type Queue,
  type QueueClient,
  type QueueEntry,
  type QueueOptions,
} from "./queue.ts";
export { createHandler, type DeadMessage, type HandlerOptions, type Job } from "./handler.ts";
export { MessageTooLargeError } from "./errors.ts";
export { type FlowControl, flowControlFor } from "./flow-control.ts";
export type { MessageStore } from "./store.ts";
