import { toBase64 } from "../wire/bytes.ts";
import type { QueueContext, QueueRequest, QueueRoute } from "./call.ts";
import { parseCron } from "./cron.ts";
import { limits } from "./limits.ts";
import { readOptions, resourceName } from "./publication.ts";
import { checkDestination, checkLoopback, ensureQueue, invalidQueueName } from "./publish.ts";
import type { Schedule } from "./record.ts";
import { Refusal } from "./refusal.ts";
import { nextRunMs } from "./schedule.ts";
import { randomId } from "./signature.ts";
import { scheduleView } from "./views.ts";

/** The client pauses by PATCH, the reference by POST. */
const pausing = ["PATCH", "POST"].flatMap((method): readonly QueueRoute[] => [
  {
    method,
    path: /^\/schedules\/([A-Za-z0-9._-]+)\/(pause|resume)$/,
    handle:
      ({ nowMs }, [id = "", action], context) =>
      () => {
        const schedule = known(context, id);
        const nextAtMs = nextRunMs(schedule.cron, nowMs);
        context.records.schedules.put({ ...schedule, isPaused: action === "pause", nextAtMs });
        return { status: 200 };
      },
  },
]);

export const scheduleRoutes: readonly QueueRoute[] = [
  ...pausing,
  {
    method: "GET",
    path: /^\/schedules$/,
    handle:
      (_request, _, { records }) =>
      () => ({ status: 200, body: records.schedules.list().map(scheduleView) }),
  },
  {
    method: "GET",
    path: /^\/schedules\/([A-Za-z0-9._-]+)$/,
    handle:
      (_, [id = ""], context) =>
      () => ({ status: 200, body: scheduleView(known(context, id)) }),
  },
  {
    method: "DELETE",
    path: /^\/schedules\/([A-Za-z0-9._-]+)$/,
    handle:
      (_, [id = ""], { records }) =>
      () => {
        records.schedules.delete(id);
        return { status: 200 };
      },
  },
  {
    method: "POST",
    path: /^\/schedules\/(.+)$/s,
    handle: (request, [path = ""], context) => {
      const schedule = read(request, path, context);
      return () => {
        ensureQueue(context.records, schedule.queueName, request.nowMs);
        context.records.schedules.put(schedule);
        return { status: 200, body: { scheduleId: schedule.id } };
      };
    },
  },
];

function read(request: QueueRequest, path: string, { records, target }: QueueContext): Schedule {
  const { headers, body, search, nowMs, callerIp, region } = request;
  const destination = path + search;
  if (!resourceName.test(destination) || destination.includes(".")) {
    checkDestination(destination);
    checkLoopback(destination, target);
  }
  const cron = headers.get("upstash-cron")?.trim() ?? "";
  const plan = parseCron(cron);
  if (typeof plan === "string") throw new Refusal(400, `invalid cron: ${plan}`);
  const id = headers.get("upstash-schedule-id")?.trim() || `scd_${randomId(28)}`;
  if (!resourceName.test(id)) {
    throw new Refusal(
      400,
      "schedule id is invalid: it can only contain alphanumeric characters, hyphens, periods, and underscores",
    );
  }
  const queueName = headers.get("upstash-queue-name")?.trim() || undefined;
  if (queueName !== undefined && !resourceName.test(queueName)) throw invalidQueueName();
  const before = records.schedules.get(id);
  if (!before && records.schedules.list().length >= limits.maxSchedules) {
    throw new Refusal(412, "quota maxSchedules exceeded");
  }
  if (body.length > limits.maxBodyBytes) throw new Refusal(412, "quota maxMessageSize exceeded");
  return {
    id,
    cron,
    destination,
    options: { ...readOptions(headers, nowMs), notBeforeMs: undefined },
    bodyBase64: toBase64(body),
    queueName,
    callerIp,
    region,
    createdAtMs: before?.createdAtMs ?? nowMs,
    isPaused: before?.isPaused ?? false,
    lastAtMs: before?.lastAtMs,
    nextAtMs: plan.nextAfterMs(nowMs),
    lastStates: before?.lastStates ?? {},
  };
}

function known({ records }: QueueContext, id: string): Schedule {
  const schedule = records.schedules.get(id);
  if (!schedule) throw new Refusal(404, `schedule ${id} not found`);
  return schedule;
}
