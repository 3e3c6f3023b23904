/** Channels whose addresses are devices that register by themselves, and that a provider says are gone. */
const deviceChannels = ["webpush", "fcm"] as const;

export type DeviceChannel = (typeof deviceChannels)[number];

export function isDeviceChannel(channel: string): channel is DeviceChannel {
  return (deviceChannels as readonly string[]).includes(channel);
}
