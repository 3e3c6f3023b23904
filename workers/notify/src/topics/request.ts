import * as v from "valibot";
import { invalid } from "../problem.ts";

/** Like a recipient's id it stands in URLs. */
const topicIdPattern = /^[A-Za-z0-9_][A-Za-z0-9._~:@|+=-]{0,127}$/;

const expected = "expected 1 to 128 characters of A-Z, a-z, 0-9 and ._~:@|+=-, the first a letter, a digit or _";

export function isTopicId(id: unknown): id is string {
  return typeof id === "string" && topicIdPattern.test(id);
}

/** Ends the request for what cannot be a topic's id. */
export function readTopicId(id: string | undefined): string {
  if (isTopicId(id)) return id;
  throw invalid([{ field: "topic", detail: expected }]);
}

/** `PUT /v1/topics/:topic`. */
export const topicRequest = v.strictObject(
  {
    /** As a page of topics shows it; the id when it is not said. */
    title: v.optional(
      v.pipe(
        v.string("expected text"),
        v.minLength(1, "expected a title"),
        v.maxLength(200, "expected at most 200 characters"),
      ),
    ),
    /** Whether whoever has a recipient token joins by themselves. */
    open: v.optional(v.boolean("expected true or false"), false),
  },
  "expected an object",
);

/** `PUT` and `DELETE /v1/topics/:topic/members/:recipient`. */
export const memberRequest = v.strictObject(
  {
    /** Id of the one device that is meant. */
    device: v.optional(
      v.pipe(v.string("expected a device's id"), v.regex(/^dev_[0-9a-f]{32}$/, "expected a device's id")),
    ),
  },
  "expected an object",
);
