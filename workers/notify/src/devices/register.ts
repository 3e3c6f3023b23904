import { channelsById } from "carillon/channels";
import { blankMessageTo } from "../accept/address.ts";
import { findDevice, putDevice, removeDevice } from "../directory/devices.ts";
import type { Device } from "../directory/devices.ts";
import type { DeviceChannel } from "./channels.ts";
import type { Env } from "../env.ts";
import { randomToken } from "../ids.ts";
import { invalid, refusal } from "../problem.ts";
import type { FieldError } from "../problem.ts";
import { beingErased } from "../recipients/being-erased.ts";
import { settingsOf } from "../settings.ts";

/** A visit is written down at most so often. */
const seenEveryMs = 86_400_000;

/** What a device is, as it says itself. */
export interface Registration {
  readonly channel: DeviceChannel;
  readonly recipient: string;
  /** As the channel takes it. */
  readonly to: Readonly<Record<string, unknown>>;
  /** Family of its user agent. */
  readonly userAgent: string | undefined;
}

/** `isNew`: the recipient did not have it. Ends the request for an address that could never be sent to. */
export async function register(
  env: Env,
  { channel, recipient, to, userAgent }: Registration,
  now: number,
): Promise<{ readonly device: Device; readonly isNew: boolean }> {
  const { providers, registrars } = settingsOf(env);
  if ((providers[channel] ?? []).length === 0) {
    throw refusal({ status: 409, code: "not-configured", title: `No provider is configured for ${channel}.` });
  }
  const { addressKey, label } = await addressIn(channel, to);
  const known = await findDevice(env.DB, { channel, addressKey });
  // One that does not say its key goes on with the one that it has, or was made with the current one.
  const registrar = registrars[channel];
  const vapidKey = keyOf(to) ?? known?.vapidKey ?? registrar?.publicKeys[0];
  const address = vapidKey === undefined ? to : { ...to, applicationServerKey: vapidKey };
  const problems = (await registrar?.check(address as never)) ?? [];
  if (problems.length > 0) throw invalid(problems.map(([field, expected]) => problemAt(field, `expected ${expected}`)));
  const json = JSON.stringify(address);
  const isNew = known?.recipient !== recipient;
  const isAsKnown = !isNew && known.retiredAt === undefined && known.address === json;
  if (isAsKnown && known.seenAt > now - seenEveryMs) return { device: known, isNew };
  const device = await putDevice(env.DB, {
    id: `dev_${randomToken(16)}`,
    channel,
    addressKey,
    recipient,
    address: json,
    label,
    vapidKey,
    userAgent,
    createdAt: now,
    seenAt: now,
    retiredAt: undefined,
  });
  if (device === undefined) throw beingErased();
  return { device, isNew };
}

/** Ends the request for what is no address; what is not the recipient's is left alone. */
export async function unregister(
  env: Env,
  { channel, recipient, to }: Omit<Registration, "userAgent">,
  now: number,
): Promise<void> {
  const { addressKey } = await addressIn(channel, to);
  await removeDevice(env.DB, recipient, { channel, addressKey }, now);
}

async function addressIn(
  channel: DeviceChannel,
  to: unknown,
): Promise<{ readonly addressKey: string; readonly label: string }> {
  const message = blankMessageTo(channel, to);
  if ("ok" in message) throw invalid([problemAt(message.field, message.detail)]);
  const [address] = await channelsById[channel].addresses(message as never);
  if (address === undefined) throw new Error("A message to one device has no address.");
  return { addressKey: address.key, label: address.label };
}

function keyOf(to: Readonly<Record<string, unknown>>): string | undefined {
  const key = to["applicationServerKey"];
  return typeof key === "string" ? key : undefined;
}

/** In a registration the address is the body. */
function problemAt(field: string, detail: string): FieldError {
  return { field: field.replace(/^to\.?/, "") || "body", detail };
}
