import { refusal } from "../problem.ts";

/** Until all shards have confirmed. */
export function beingErased(): ReturnType<typeof refusal> {
  return refusal({ status: 409, code: "being-erased", title: "This recipient is being erased." });
}
