import type { ApiRequest, Handled } from "../../route.ts";
import { objectOf } from "../../wire/json.ts";
import { refuse } from "./errors.ts";
import { fateOf, isToken } from "./tokens.ts";

/** https://developers.google.com/instance-id/reference/server, with the codes that firebase-admin knows. */
export function changeTopic({ path, json, headers }: ApiRequest): Handled {
  const invalid = (error: string): Handled => refuse({ status: 400, body: { error } });
  // Without it the bearer is taken for a server key, which there are none of any more.
  if (headers.get("access_token_auth") !== "true") return refuse({ status: 401, body: { error: "Unauthorized" } });
  const body = objectOf(json);
  if (!body) return invalid("InvalidJson");
  const { to, registration_tokens: tokens, ...others } = body;
  if (Object.keys(others).length > 0) return invalid("InvalidParameters");
  if (typeof to !== "string" || !/^\/topics\/[a-zA-Z0-9_.~%-]+$/.test(to)) return invalid("InvalidTopicName");
  if (!Array.isArray(tokens) || tokens.length === 0) return invalid("MissingRegistrationTokens");
  if (tokens.length > 1000) return invalid("TooManyRegistrationTokens");
  const results = tokens.map((token) => {
    const error = typeof token === "string" && isToken(token) ? fateOf(token)?.inTopic : "INVALID_ARGUMENT";
    return error === undefined ? {} : { error };
  });
  const changed = results.filter(({ error }) => error === undefined).length;
  const done = path.endsWith("batchAdd") ? "subscribed" : "unsubscribed";
  return {
    answer: { status: 200, body: { results } },
    messages: [],
    note: `Topic ${to.slice("/topics/".length)}: ${changed} of ${tokens.length} ${done}`,
  };
}
