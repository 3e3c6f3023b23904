/** Of QStash's Free plan (upstash.com/pricing/qstash, read 2026-11-23): what fits these fits every plan. */
export const limits: {
  readonly maxRetries: number;
  readonly maxDelayMs: number;
  readonly maxBodyBytes: number;
  readonly maxBatchBytes: number;
  readonly maxQueues: number;
  readonly maxSchedules: number;
  readonly maxUrlGroups: number;
  readonly maxParallelism: number;
} = {
  maxRetries: 5,
  maxDelayMs: 7 * 86_400_000,
  maxBodyBytes: 1024 * 1024,
  maxBatchBytes: 100_000_000,
  maxQueues: 10,
  maxSchedules: 10,
  maxUrlGroups: 1,
  maxParallelism: 10,
};

/** How long a deduplication id, or a content, is remembered. */
export const deduplicationMs = 600_000;

/** Retries of a message that does not say how many. */
export const defaultRetries = 3;
