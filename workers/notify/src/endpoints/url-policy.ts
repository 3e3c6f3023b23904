import type { Env } from "../env.ts";
import type { UrlPolicy } from "./url.ts";

/** Reads `ENDPOINT_PORTS` and `ENDPOINT_LOOPBACK`. What is misspelt allows nothing, and is said. */
export function readUrlPolicy(env: Env, environment: string, problems: string[]): UrlPolicy {
  const ports = (env.ENDPOINT_PORTS ?? "").split(",").flatMap((text) => {
    const port = Number(text);
    if (text.trim() === "" || port === 443) return [];
    if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
    problems.push("ENDPOINT_PORTS has an entry that is not a port: it is left out");
    return [];
  });
  const loopback = env.ENDPOINT_LOOPBACK;
  if (loopback !== undefined && loopback !== "allow") problems.push("ENDPOINT_LOOPBACK is not allow: it is not heeded");
  if (loopback === "allow" && environment !== "development") {
    problems.push("ENDPOINT_LOOPBACK is heeded in development only");
  }
  return { ports, loopback: loopback === "allow" && environment === "development" };
}
