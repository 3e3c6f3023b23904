import { Hono } from "hono";
import type { Context } from "hono";
import * as v from "valibot";
import { sampleAddress } from "../accept/address.ts";
import { familyOf } from "../devices/family.ts";
import { register, unregister } from "../devices/register.ts";
import { listDevices } from "../directory/devices.ts";
import type { Device } from "../directory/devices.ts";
import type { DeviceChannel } from "../devices/channels.ts";
import type { Scope } from "../directory/api-keys.ts";
import type { Env } from "../env.ts";
import { readRecipientId } from "../recipients/request.ts";
import { authorizeFor } from "./authorize.ts";
import { readJson } from "./body.ts";
import { allowBrowsers } from "./cors.ts";
import { iso } from "./views.ts";

/** `/v1/recipients/:recipient/push-subscriptions` and `/devices`: by API key, or by the recipient's own token. */
export const devices = new Hono<{ Bindings: Env }>();

type C = Context<{ Bindings: Env }>;

/** A subscription has about 500 bytes, a token up to 4 kB. */
const maxDeviceBytes = 16_000;

/** What `PushSubscription.toJSON()` gives, whatever else a browser has in it. What is inside is checked by the channel. */
const subscription = v.object(
  {
    endpoint: v.unknown(),
    expirationTime: v.optional(v.unknown()),
    keys: v.optional(v.unknown()),
    applicationServerKey: v.optional(v.unknown()),
  },
  "expected a subscription",
);

const endpointOnly = v.object({ endpoint: v.unknown() }, "expected an object");

const token = v.strictObject({ token: v.unknown() }, "expected an object");

for (const path of ["/:recipient/push-subscriptions", "/:recipient/devices"]) {
  devices.use(path, allowBrowsers("GET", "PUT", "DELETE"));
}

devices.put("/:recipient/push-subscriptions", async (c) => {
  const recipient = await whose(c, "send");
  const { keys, ...rest } = await readJson(c, subscription, maxDeviceBytes);
  return put(c, "webpush", recipient, { ...rest, keys: keysOf(keys) });
});

devices.get("/:recipient/push-subscriptions", async (c) => {
  const found = await listDevices(c.env.DB, await whose(c, "read"), "webpush");
  return c.json({ subscriptions: found.map(viewOf) });
});

devices.delete("/:recipient/push-subscriptions", async (c) => {
  const recipient = await whose(c, "send");
  const { endpoint } = await readJson(c, endpointOnly, maxDeviceBytes);
  return remove(c, "webpush", recipient, { ...(sampleAddress.webpush as object), endpoint });
});

devices.put("/:recipient/devices", async (c) => {
  const recipient = await whose(c, "send");
  return put(c, "fcm", recipient, await readJson(c, token, maxDeviceBytes));
});

devices.get("/:recipient/devices", async (c) => {
  const found = await listDevices(c.env.DB, await whose(c, "read"), "fcm");
  return c.json({ devices: found.map(viewOf) });
});

devices.delete("/:recipient/devices", async (c) => {
  const recipient = await whose(c, "send");
  return remove(c, "fcm", recipient, await readJson(c, token, maxDeviceBytes));
});

async function whose(c: C, scope: Scope): Promise<string> {
  const recipient = readRecipientId(c.req.param("recipient"));
  await authorizeFor(c, recipient, scope);
  return recipient;
}

/** 201 when the recipient did not have it. */
async function put(
  c: C,
  channel: DeviceChannel,
  recipient: string,
  to: Readonly<Record<string, unknown>>,
): Promise<Response> {
  const userAgent = familyOf(c.req.header("user-agent"));
  const { device, isNew } = await register(c.env, { channel, recipient, to, userAgent }, Date.now());
  return c.json(viewOf(device), isNew ? 201 : 200);
}

async function remove(
  c: C,
  channel: DeviceChannel,
  recipient: string,
  to: Readonly<Record<string, unknown>>,
): Promise<Response> {
  await unregister(c.env, { channel, recipient, to }, Date.now());
  return c.body(null, 204);
}

/** Of the keys, the two that are meant for us: a browser may know more. */
function keysOf(keys: unknown): unknown {
  if (typeof keys !== "object" || keys === null) return keys;
  const { p256dh, auth } = keys as Readonly<Record<string, unknown>>;
  return { p256dh, auth };
}

/** Never the endpoint or the token: whoever has it can send. */
function viewOf({ id, channel, label, vapidKey, userAgent, createdAt, seenAt }: Device): Record<string, unknown> {
  return {
    id,
    channel,
    address: label,
    applicationServerKey: vapidKey,
    userAgent,
    createdAt: iso(createdAt),
    seenAt: iso(seenAt),
  };
}
