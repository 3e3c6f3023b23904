import type { QueueContext, QueueRoute } from "./call.ts";
import { release } from "./gates.ts";
import { limits } from "./limits.ts";
import { wholeNumber } from "./publication.ts";
import type { FlowControl, FlowLimits } from "./record.ts";
import { Refusal } from "./refusal.ts";
import { flowControlView } from "./views.ts";

const weekSeconds = 604_800;

/** A change of a flow-control key, after which those that waited for it ask again. */
function change(
  action: string,
  apply: (flow: FlowControl, query: URLSearchParams, nowMs: number) => FlowControl,
): QueueRoute {
  return {
    method: "POST",
    path: new RegExp(`^/flowControl/([^/]+)/${action}$`),
    handle:
      ({ query, nowMs }, [part = ""], { records }) =>
      () => {
        const key = decodeURIComponent(part);
        const fresh = { key, isPaused: false, isPinnedParallelism: false, isPinnedRate: false };
        const known = records.flows.get(key) ?? { ...fresh, limits: {}, periodStartMs: nowMs, countInPeriod: 0 };
        records.flows.put(apply(known, query, nowMs));
        release(records, `flow ${key}`);
        return { status: 200 };
      },
  };
}

export const flowRoutes: readonly QueueRoute[] = [
  change("pause", (flow) => ({ ...flow, isPaused: true })),
  change("resume", (flow) => ({ ...flow, isPaused: false })),
  change("pin", pin),
  change("unpin", (flow, query) => ({
    ...flow,
    isPinnedParallelism: flow.isPinnedParallelism && query.get("parallelism") !== "true",
    isPinnedRate: flow.isPinnedRate && query.get("rate") !== "true",
  })),
  change("resetRate", (flow, _, nowMs) => ({ ...flow, periodStartMs: nowMs, countInPeriod: 0 })),
  {
    method: "GET",
    path: /^\/flowControl$/,
    handle:
      ({ nowMs }, _, context) =>
      () => ({ status: 200, body: context.records.flows.list().map((flow) => view(context, flow, nowMs)) }),
  },
  {
    method: "GET",
    path: /^\/flowControl\/([^/]+)$/,
    handle:
      ({ nowMs }, [part = ""], context) =>
      () => {
        const key = decodeURIComponent(part);
        const flow = context.records.flows.get(key);
        if (!flow) throw new Refusal(404, `flow control key ${key} not found`);
        return { status: 200, body: view(context, flow, nowMs) };
      },
  },
  {
    method: "GET",
    path: /^\/globalParallelism$/,
    handle:
      (_request, _, { delivery }) =>
      () => ({
        status: 200,
        body: { parallelismMax: limits.maxParallelism, parallelismCount: delivery.running() },
      }),
  },
];

function pin(flow: FlowControl, query: URLSearchParams): FlowControl {
  const number = (name: string, max: number): number | undefined => {
    const text = query.get(name);
    const value = text === null ? undefined : wholeNumber(text);
    if (text !== null && (value === undefined || value > max)) throw new Refusal(400, `invalid ${name}`);
    return value;
  };
  const parallelism = number("parallelism", Number.MAX_SAFE_INTEGER);
  const rate = number("rate", Number.MAX_SAFE_INTEGER);
  const periodSeconds = number("period", weekSeconds);
  if (parallelism === undefined && rate === undefined) throw new Refusal(400, "parallelism or rate is required");
  const pinned: FlowLimits = {
    parallelism: parallelism ?? flow.limits.parallelism,
    ...(rate === undefined
      ? { rate: flow.limits.rate, periodSeconds: flow.limits.periodSeconds }
      : { rate, periodSeconds }),
  };
  return {
    ...flow,
    limits: pinned,
    isPinnedParallelism: flow.isPinnedParallelism || parallelism !== undefined,
    isPinnedRate: flow.isPinnedRate || rate !== undefined,
  };
}

function view({ records, delivery }: QueueContext, flow: FlowControl, nowMs: number): Record<string, unknown> {
  const running = delivery.running(flow.key);
  const isWaiting = records.messages.list().filter(({ state, options, dueAtMs, heldBy, createdAtMs }) => {
    const isOfKey = state === "waiting" && options.flowControl?.key === flow.key;
    // Put off by a rate: later than it asked to be delivered, and not tried yet.
    const wanted = options.notBeforeMs ?? createdAtMs + (options.delayMs ?? 0);
    return isOfKey && (heldBy === `flow ${flow.key}` || dueAtMs > Math.max(wanted, createdAtMs));
  });
  return flowControlView(flow, { waiting: isWaiting.length, running, nowMs });
}
