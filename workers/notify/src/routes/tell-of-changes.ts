import type { MiddlewareHandler } from "hono";
import { handOverDirectoryEvents } from "../endpoints/directory-events.ts";
import type { Env } from "../env.ts";

/** After a request that may have changed what apps are told of: hands over what the directory wrote down, past the answer. */
export const tellOfChanges: MiddlewareHandler<{ Bindings: Env }> = async (c, next) => {
  await next();
  if (c.req.method === "GET" || !c.res.ok) return;
  c.executionCtx.waitUntil(
    handOverDirectoryEvents(c.env).catch(() => {
      // The sweep comes by.
      console.error(JSON.stringify({ event: "directory-events-not-handed-over" }));
    }),
  );
};
