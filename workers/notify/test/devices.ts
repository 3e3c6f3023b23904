import { fakeBrowser, simulatorCredentials } from "@carillon/simulator";
import { findDevice } from "../src/directory/devices.ts";
import type { Device } from "../src/directory/devices.ts";
import type { DeviceChannel } from "../src/devices/channels.ts";
import { addressOf } from "../src/accept/address.ts";
import { call, env } from "./service.ts";

/** What the tests ask of browsers and apps that register. */

export type Subscription = Awaited<ReturnType<typeof fakeBrowser.subscribe>>;

export const { vapidPublicKey: currentKey } = simulatorCredentials.webpush;

export const olderKey: string = (env as unknown as Readonly<Record<string, string>>)[
  "WEBPUSH_VAPID_PREVIOUS_PUBLIC_KEY"
]!;

let count = 0;

/** A browser of a fate: `delivered`, `bounced` (gone), `internal` (down), ... */
export function browser(
  fate = "delivered",
  more: Parameters<typeof fakeBrowser.subscribe>[0] = {},
): Promise<Subscription> {
  return fakeBrowser.subscribe({ name: `${fate}-${(count += 1)}`, ...more });
}

/** An app's token of a fate. */
export const appToken = (fate = "delivered"): string => `${fate}-${(count += 1)}`;

export function putSubscription(
  recipient: string,
  subscription: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return call("PUT", `/v1/recipients/${recipient}/push-subscriptions`, { body: subscription, headers });
}

export function putToken(recipient: string, token: unknown): Promise<Response> {
  return call("PUT", `/v1/recipients/${recipient}/devices`, { body: { token } });
}

export interface DeviceView {
  readonly id: string;
  readonly channel: string;
  readonly address: string;
  readonly applicationServerKey?: string;
  readonly userAgent?: string;
  readonly createdAt: string;
  readonly seenAt: string;
}

export async function subscriptionsOf(recipient: string): Promise<readonly DeviceView[]> {
  const response = await call("GET", `/v1/recipients/${recipient}/push-subscriptions`);
  const { subscriptions }: { subscriptions: readonly DeviceView[] } = await response.json();
  return subscriptions;
}

/** What the directory keeps of it, retired or not. */
export async function stored(channel: DeviceChannel, to: unknown): Promise<Device | undefined> {
  const address = await addressOf(channel, to);
  return address && findDevice(env.DB, { channel, addressKey: address.key });
}
