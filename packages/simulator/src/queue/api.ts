import type { Answer } from "../route.ts";
import type { Decide, QueueContext, QueueRequest, QueueRoute } from "./call.ts";
import { deadLetterRoutes } from "./api-dead-letters.ts";
import { flowRoutes } from "./api-flow.ts";
import { messageRoutes } from "./api-messages.ts";
import { resourceRoutes } from "./api-resources.ts";
import { scheduleRoutes } from "./api-schedules.ts";
import { Refusal } from "./refusal.ts";

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
