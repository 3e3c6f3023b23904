import type { Route } from "../dispatch/escalate.ts";
import { formatDuration } from "./when.ts";

/** A route as the API shows it, without what it says. */
export function routeView({ steps, channels }: Route): readonly object[] {
  return steps.map(({ parts, afterMs, unless }, index) => {
    const via = parts.map((part) => channels[part]);
    return {
      step: index + 1,
      ...(via.length === 1 ? { channel: via[0] } : { all: via }),
      after: afterMs === undefined ? undefined : formatDuration(afterMs),
      unless,
    };
  });
}
