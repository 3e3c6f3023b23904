import { Hono } from "hono";
import { acceptNotifications } from "../accept/accept.ts";
import { batchRequest, notificationRequest } from "../accept/request.ts";
import type { Env } from "../env.ts";
import { formatId, parseId } from "../ids.ts";
import { shardStub } from "../ledger/shards.ts";
import { notFound } from "../problem.ts";
import { settingsOf } from "../settings.ts";
import { routeView } from "../accept/route-view.ts";
import { authorize } from "./authorize.ts";
import { readJson } from "./body.ts";
import { broadcastView } from "./broadcast-view.ts";
import { iso, personView } from "./views.ts";
import { cancelTarget, rescheduleTarget } from "./withdraw.ts";

export const notifications = new Hono<{ Bindings: Env }>();

notifications.post("/", async (c) => {
  const { apiKeyId } = await authorize(c, "send");
  const value = await readJson(c, notificationRequest);
  const accepted = await acceptNotifications(c.env, [value], {
    apiKeyId,
    idempotencyKey: c.req.header("idempotency-key"),
    pathOf: () => "",
  });
  const [notification] = accepted.notifications;
  return c.json(notification, 202, {
    ...replayed(accepted.repeated),
    location: `/v1/notifications/${notification?.id ?? ""}`,
  });
});

notifications.post("/batch", async (c) => {
  const { apiKeyId } = await authorize(c, "send");
  const value = await readJson(c, batchRequest);
  const accepted = await acceptNotifications(c.env, value.notifications, {
    apiKeyId,
    idempotencyKey: c.req.header("idempotency-key"),
    pathOf: (index) => `notifications.${index}.`,
  });
  return c.json({ notifications: accepted.notifications }, 202, replayed(accepted.repeated));
});

notifications.get("/:id", async (c) => {
  await authorize(c, "read");
  const id = parseId("ntf", c.req.param("id"), settingsOf(c.env).shards);
  const found = id === undefined ? undefined : await shardStub(c.env, id.shard).readNotification(id.uuid);
  if (id === undefined || found === undefined) throw notFound("notification");
  return c.json({
    id: formatId("ntf", id.shard, found.uuid),
    channel: found.route === undefined ? found.channel : undefined,
    route: found.route && routeView(found.route.route),
    acceptedAt: iso(found.acceptedAt),
    sendAt: iso(found.sendAt),
    expiresAt: found.expiresAt === undefined ? undefined : iso(found.expiresAt),
    schedule: found.schedule,
    count: found.count,
    byStatus: found.byStatus,
    messages: found.messages.map(({ uuid, ...one }) => ({ id: formatId("msg", id.shard, uuid), ...one })),
    broadcast: found.broadcast && broadcastView(found.broadcast),
    people: found.route?.people.map((person) => personView(id.shard, person)),
  });
});

notifications.post("/:id/cancel", (c) => cancelTarget(c, "ntf"));
notifications.post("/:id/reschedule", (c) => rescheduleTarget(c, "ntf"));

function replayed(repeated: boolean): Record<string, string> {
  return repeated ? { "idempotency-replayed": "true" } : {};
}
