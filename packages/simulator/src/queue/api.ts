import type { Answer } from "../route.ts";
import type { QueueDelivery } from "./delivery.ts";
import type { Records } from "./records.ts";
import { deadLetterRoutes } from "./api-dead-letters.ts";
import { flowRoutes } from "./api-flow.ts";
import { messageRoutes } from "./api-messages.ts";
import { resourceRoutes } from "./api-resources.ts";
import { scheduleRoutes } from "./api-schedules.ts";
import { Refusal } from "./refusal.ts";

/** A request to the API, its credential already checked. */
export interface QueueRequest {
  readonly method: string;
  /** Without the prefix that names the host. */
  readonly path: string;
  /** Without the credential. */
  readonly query: URLSearchParams;
  /** The same as it came: a destination ends in it. */
  readonly search: string;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly json: unknown;
  readonly nowMs: number;
  readonly callerIp: string;
  readonly region: string;
}

export interface QueueContext {
  readonly records: Records;
  readonly delivery: Pick<QueueDelivery, "running">;
  /** Base URL of whom messages are delivered to. */
  readonly target: string | undefined;
}

/** Takes what waits (a hash, say) before it decides; `decide` has the effect, and waits for nothing. */
export type Decide = () => Answer;

export interface QueueRoute {
  readonly method: string;
  /** Of the path after `/v2`; its groups are the parameters. */
  readonly path: RegExp;
  handle(request: QueueRequest, parameters: readonly string[], context: QueueContext): Decide | Promise<Decide>;
}

const routes: readonly QueueRoute[] = [
  ...messageRoutes,
  ...deadLetterRoutes,
  ...scheduleRoutes,
  ...resourceRoutes,
  ...flowRoutes,
];

/** What the API decides about a request. A refusal is an answer, too. */
export async function decideRequest(request: QueueRequest, context: QueueContext): Promise<Decide> {
  const path = /^\/v2(\/.*)$/s.exec(request.path)?.[1] ?? "";
  const fitting = routes.flatMap((route) => {
    const match = route.path.exec(path);
    return match ? [{ route, parameters: match.slice(1).map((part) => part ?? "") }] : [];
  });
  if (fitting.length === 0) return () => ({ status: 404, body: { error: "not found" } });
  const found = fitting.find(({ route }) => route.method === request.method);
  if (!found) return () => ({ status: 405, body: { error: "method not allowed" } });
  try {
    const decide = await found.route.handle(request, found.parameters, context);
    return () => refused(decide);
  } catch (error) {
    return () => refused(() => raise(error));
  }
}

function refused(decide: Decide): Answer {
  try {
    return decide();
  } catch (error) {
    if (error instanceof Refusal) return error.answer();
    throw error;
  }
}

function raise(error: unknown): never {
  throw error;
}
