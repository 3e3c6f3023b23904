import type { Settings } from "../settings.ts";
import type { Lane } from "./lanes.ts";

/** Of one request to a provider. */
export const requestTimeoutMs = 10_000;

/**
 * How long Deliver may start requests: an invocation lives 30 seconds after its answer (`waitUntil`), and the last
 * request needs its time-out and a moment to record.
 */
export const deliverForMs = 18_000;

/** A Worker may wait for the answers of so many requests at a time. */
export const maxConnections = 6;

/** Past this, a chunk's outcome is unknown. Longer than any request that Deliver may have started. */
export const leaseMs = 60_000;

/** After so many leases that ended without an outcome a message travels alone: it may be what brings the others down. */
export const leasesBeforeAlone = 2;

/** After so many it is given up: a dead letter. */
export const leasesBeforeDead = 5;

/** Chunks of one shard that may be out at a time. */
export const maxOpenChunks = 16;

/** By priority: while so many are out, no more of it are claimed, so that what is more urgent finds room. */
export const openChunksOf = [maxOpenChunks, 15, 12] as const;

/**
 * Of bulk that travels one message a request a lane has one chunk at a time: nobody waits for any of so many, and a shard makes
 * no more requests for them at once than one chunk does.
 */
export function isOneAtATime(priority: number, maxBatch: number): boolean {
  return priority === openChunksOf.length - 1 && maxBatch === 1;
}

/** Content that one chunk may carry to Deliver: a call may pass 32 MB. */
export const maxChunkContentBytes = 8_000_000;

/** Content that one turn may hand out: all its jobs are in the memory of the shard at once. */
export const maxTurnContentBytes = 24_000_000;

/** A message without batch costs a request each; this many take a few seconds at six in flight. */
const singlesPerChunk = 50;

/** Cloudflare's Free plan allows 50 subrequests an invocation; ten messages stay within it whatever happens to them. */
const freePlanChunk = 10;

/** Requests of one chunk may hold this much: every message has a copy of its content in there. */
const maxRequestBytes = 16_000_000;

export function chunkSize(settings: Settings, lane: Pick<Lane, "maxBatch">, contentBytes: number): number {
  const most = settings.freePlan ? freePlanChunk : lane.maxBatch > 1 ? lane.maxBatch : singlesPerChunk;
  return Math.max(1, Math.min(most, Math.floor(maxRequestBytes / contentBytes)));
}

/** The most messages that a chunk of this deployment could have. */
export function largestChunk(settings: Settings): number {
  const batches = Object.values(settings.providers)
    .flat()
    .map((provider) => provider.batch?.maxMessages ?? 1);
  return Math.max(1, ...batches.map((maxBatch) => chunkSize(settings, { maxBatch }, 1)));
}
