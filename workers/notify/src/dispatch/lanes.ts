import type { ChannelId } from "carillon";
import type { Settings } from "../settings.ts";

/** One provider account, as scheduling sees it. */
export interface Lane {
  /** `provider:account`. */
  readonly key: string;
  readonly provider: string;
  /** Messages that one request can carry; 1 when the provider has no batch. */
  readonly maxBatch: number;
  /** How long the provider remembers an idempotency key; 0 when it takes none. */
  readonly keyWindowMs: number;
}

/** The lanes that a message may use, in order: the caller's choice, else all that the deployment has. */
export function lanesFor(
  settings: Settings,
  channel: string,
  providers: readonly string[] | undefined,
): readonly Lane[] {
  const all = (settings.providers[channel as ChannelId] ?? []).map((provider): Lane => ({
    key: `${provider.id}:${provider.account}`,
    provider: provider.id,
    maxBatch: provider.batch?.maxMessages ?? 1,
    keyWindowMs: (provider.idempotency?.windowSeconds ?? 0) * 1000,
  }));
  return providers?.flatMap((id) => all.filter((lane) => lane.provider === id)) ?? all;
}

/** The lane that a message is on, or the first when it has none or that one is gone. */
export function currentLane(lanes: readonly Lane[], key: string | null): Lane | undefined {
  return lanes.find((lane) => lane.key === key) ?? lanes[0];
}

export function laneAfter(lanes: readonly Lane[], key: string): Lane | undefined {
  const index = lanes.findIndex((lane) => lane.key === key);
  return index === -1 ? undefined : lanes[index + 1];
}

/** Messages that one request of a lane can carry. */
export function maxBatchOf(settings: Settings, key: string): number {
  const all = Object.values(settings.providers).flat();
  return all.find(({ id, account }) => `${id}:${account}` === key)?.batch?.maxMessages ?? 1;
}

/** Whether a lane's provider recognises a request by its idempotency key. */
export function takesKeys(settings: Settings, key: string): boolean {
  const all = Object.values(settings.providers).flat();
  return all.some(({ id, account, idempotency }) => `${id}:${account}` === key && idempotency !== undefined);
}
