import { objectOf, objectsOf, stringOf } from "../wire/json.ts";
import type { QueueContext, QueueRoute } from "./call.ts";
import { release } from "./gates.ts";
import { limits } from "./limits.ts";
import { isHttpUrl, resourceName } from "./publication.ts";
import { checkDestination, invalidQueueName } from "./publish.ts";
import type { QueueSettings, UrlGroup } from "./record.ts";
import { Refusal } from "./refusal.ts";
import { randomId } from "./signature.ts";
import { groupView, queueView } from "./views.ts";

/** Queues, URL groups and signing keys. */
export const resourceRoutes: readonly QueueRoute[] = [
  {
    method: "POST",
    path: /^\/queues$/,
    handle: ({ json, nowMs }, _, { records }) => {
      const body = objectOf(json);
      const name = stringOf(body?.["queueName"]) ?? "";
      if (!resourceName.test(name)) throw invalidQueueName();
      const parallelism = body?.["parallelism"] ?? 1;
      if (typeof parallelism !== "number" || !Number.isInteger(parallelism) || parallelism < 1) {
        throw new Refusal(400, "invalid parallelism");
      }
      if (parallelism > limits.maxParallelism) throw new Refusal(412, "quota maxParallelism exceeded");
      const paused = body?.["paused"] === true;
      return () => {
        const before = records.queues.get(name);
        if (!before && records.queues.list().length >= limits.maxQueues) {
          throw new Refusal(412, "quota maxQueues exceeded");
        }
        const createdAtMs = before?.createdAtMs ?? nowMs;
        records.queues.put({ name, parallelism, paused, createdAtMs, updatedAtMs: nowMs });
        release(records, `queue ${name}`);
        return { status: 200 };
      };
    },
  },
  {
    method: "GET",
    path: /^\/queues$/,
    handle:
      (_request, _, { records }) =>
      () => ({ status: 200, body: records.queues.list().map((queue) => queueView(records, queue)) }),
  },
  {
    method: "GET",
    path: /^\/queues\/([^/]+)$/,
    handle:
      (_, [name = ""], context) =>
      () => ({ status: 200, body: queueView(context.records, knownQueue(context, name)) }),
  },
  {
    method: "DELETE",
    path: /^\/queues\/([^/]+)$/,
    handle:
      (_, [name = ""], { records }) =>
      () => {
        records.queues.delete(name);
        release(records, `queue ${name}`);
        return { status: 200 };
      },
  },
  {
    method: "POST",
    path: /^\/queues\/([^/]+)\/(pause|resume)$/,
    handle:
      ({ nowMs }, [name = "", action], context) =>
      () => {
        const queue = knownQueue(context, name);
        context.records.queues.put({ ...queue, paused: action === "pause", updatedAtMs: nowMs });
        if (action === "resume") release(context.records, `queue ${name}`);
        return { status: 200 };
      },
  },
  {
    method: "GET",
    path: /^\/topics$/,
    handle:
      (_request, _, { records }) =>
      () => ({ status: 200, body: records.groups.list().map(groupView) }),
  },
  {
    method: "GET",
    path: /^\/topics\/([^/]+)$/,
    handle:
      (_, [name = ""], context) =>
      () => ({ status: 200, body: groupView(knownGroup(context, name)) }),
  },
  {
    method: "DELETE",
    path: /^\/topics\/([^/]+)$/,
    handle:
      (_, [name = ""], context) =>
      () => {
        context.records.groups.delete(knownGroup(context, name).name);
        return { status: 200 };
      },
  },
  {
    method: "POST",
    path: /^\/topics\/([^/]+)\/endpoints$/,
    handle: ({ json, nowMs }, [name = ""], { records }) => {
      if (!resourceName.test(name) || isHttpUrl(name)) throw new Refusal(400, "topic name is invalid");
      const added = endpointsOf(json).map(({ url = "", name }) => {
        checkDestination(url);
        return { url, ...(name !== undefined && { name }) };
      });
      if (added.length === 0) throw new Refusal(400, "no endpoints given");
      return () => {
        const before = records.groups.get(name);
        if (!before && records.groups.list().length >= limits.maxUrlGroups) {
          throw new Refusal(412, "quota maxTopics exceeded");
        }
        const kept = (before?.endpoints ?? []).filter(({ url }) => added.every((one) => one.url !== url));
        const createdAtMs = before?.createdAtMs ?? nowMs;
        records.groups.put({ name, endpoints: [...kept, ...added], createdAtMs, updatedAtMs: nowMs });
        return { status: 200 };
      };
    },
  },
  {
    method: "DELETE",
    path: /^\/topics\/([^/]+)\/endpoints$/,
    handle: ({ json, nowMs }, [name = ""], context) => {
      const removed = endpointsOf(json);
      return () => {
        const group = knownGroup(context, name);
        const endpoints = group.endpoints.filter(
          (one) => !removed.some(({ url, name }) => one.url === url || (name !== undefined && one.name === name)),
        );
        // A group without endpoints is none.
        if (endpoints.length === 0) context.records.groups.delete(name);
        else context.records.groups.put({ ...group, endpoints, updatedAtMs: nowMs });
        return { status: 200 };
      };
    },
  },
  {
    method: "GET",
    path: /^\/keys$/,
    handle:
      (_request, _, { records }) =>
      () => ({ status: 200, body: records.keys() }),
  },
  {
    method: "POST",
    path: /^\/keys\/rotate$/,
    handle:
      (_request, _, { records }) =>
      () => {
        const keys = { current: records.keys().next, next: `sig_${randomId(28)}` };
        records.setKeys(keys);
        return { status: 200, body: keys };
      },
  },
];

function endpointsOf(
  json: unknown,
): readonly { readonly url?: string | undefined; readonly name?: string | undefined }[] {
  return objectsOf(objectOf(json)?.["endpoints"]).map(({ url, name }) => ({
    url: stringOf(url),
    name: stringOf(name),
  }));
}

function knownQueue({ records }: QueueContext, name: string): QueueSettings {
  if (!resourceName.test(name)) throw invalidQueueName();
  const queue = records.queues.get(name);
  if (!queue) throw new Refusal(404, `queue ${name} not found`);
  return queue;
}

function knownGroup({ records }: QueueContext, name: string): UrlGroup {
  const group = records.groups.get(name);
  if (!group) throw new Refusal(404, `topic ${name} not found`);
  return group;
}
