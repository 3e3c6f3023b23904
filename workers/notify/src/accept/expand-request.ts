import type { FieldError } from "../problem.ts";
import type { Settings } from "../settings.ts";
import { expand } from "./expand.ts";
import type { Expanded } from "./expand.ts";
import { expandRoute } from "./expand-route.ts";
import { expandTopic, isTopic } from "./expand-topic.ts";
import type { NotificationRequest } from "./request.ts";

/** Makes the messages of a request: on one channel, or along a route. Those to a topic are made when it is due. */
export async function expandRequest(request: NotificationRequest, settings: Settings, now: Date): Promise<Expanded> {
  const { route, channel, content } = request;
  if (route !== undefined) return expandRoute({ ...request, route }, settings, now);
  if (channel !== undefined && content !== undefined) {
    const { to } = request;
    const whole = { ...request, channel, content };
    return isTopic(channel, to) ? expandTopic({ ...whole, to }, settings, now) : expand(whole, settings, now);
  }
  const missing = Object.entries({ channel, content }).filter(([, value]) => value === undefined);
  const errors = missing.map(([field]): FieldError => ({ field, detail: "is required" }));
  return { ok: false, errors };
}
