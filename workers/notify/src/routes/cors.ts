import type { MiddlewareHandler } from "hono";
import type { Env } from "../env.ts";
import { refusal } from "../problem.ts";
import { settingsOf } from "../settings.ts";

/** Browsers ask again after so long. */
const preflightSeconds = 600;

/**
 * Lets the pages of `ALLOWED_ORIGINS` ask, and answers their preflights. Only for what browsers are meant to call: the
 * permission is the recipient's token, never a cookie, so that no credentials are allowed.
 */
export function allowBrowsers(...methods: readonly string[]): MiddlewareHandler<{ Bindings: Env }> {
  return async (c, next) => {
    const origin = c.req.header("origin");
    const isAllowed = origin !== undefined && settingsOf(c.env).recipients.origins.has(origin);
    const headers: Record<string, string> = isAllowed
      ? { "access-control-allow-origin": origin, vary: "Origin" }
      : { vary: "Origin" };
    if (c.req.method === "OPTIONS" && c.req.header("access-control-request-method") !== undefined) {
      if (!isAllowed) {
        throw refusal({
          status: 403,
          code: "origin-not-allowed",
          title: "This origin is not in ALLOWED_ORIGINS.",
          headers,
        });
      }
      return c.body(null, 204, {
        ...headers,
        "access-control-allow-methods": methods.join(", "),
        "access-control-allow-headers": "authorization, content-type",
        "access-control-max-age": String(preflightSeconds),
      });
    }
    await next();
    // Problems, too: a page that cannot read them cannot say what is wrong.
    for (const [name, value] of Object.entries(headers)) c.res.headers.set(name, value);
    return undefined;
  };
}
