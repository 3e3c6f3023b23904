import type { ApiRequest } from "../../route.ts";
import { objectOf, parseJson } from "../../wire/json.ts";

// Source: https://docs.slack.dev/apis/web-api ("Request format"), and the general errors of each method's page.

/** Arguments that are JSON in a form, as they are in JSON. */
const structured = new Set(["blocks", "attachments", "metadata"]);
const flags = new Set(["as_user", "link_names", "mrkdwn", "reply_broadcast", "unfurl_links", "unfurl_media"]);

export type Arguments = Readonly<Record<string, unknown>>;

export type ReadArguments =
  | { readonly args: Arguments; readonly token: string | undefined; readonly warning?: string | undefined }
  | { readonly error: string };

/** What a method of the Web API is called with, by JSON or by form, and the token. */
export function readArguments({ headers, body, json }: ApiRequest): ReadArguments {
  const [type = "", ...parameters] = (headers.get("content-type") ?? "").toLowerCase().split(/\s*;\s*/);
  const charset = parameters.find((parameter) => parameter.startsWith("charset="))?.slice("charset=".length);
  const bearer = /^Bearer (\S+)$/i.exec(headers.get("authorization") ?? "")?.[1];
  if (charset !== undefined && !/^"?(utf-8|iso-8859-1)"?$/.test(charset)) return { error: "invalid_charset" };
  switch (type) {
    case "":
      return body === "" ? { args: {}, token: bearer } : { error: "missing_post_type" };
    case "application/json": {
      if (json === undefined) return { error: "invalid_json" };
      const args = objectOf(json);
      // A token in JSON is not looked at.
      return args
        ? { args, token: bearer, warning: charset === undefined ? "missing_charset" : undefined }
        : { error: "json_not_object" };
    }
    case "application/x-www-form-urlencoded": {
      const { token, ...args } = Object.fromEntries(new URLSearchParams(body));
      return { args: Object.fromEntries(Object.entries(args).map(readField)), token: bearer ?? token };
    }
    default:
      return { error: "invalid_post_type" };
  }
}

function readField([name, value]: readonly [string, string]): [string, unknown] {
  if (structured.has(name)) return [name, parseJson(value) ?? value];
  if (flags.has(name) && /^(true|false|1|0)$/.test(value)) return [name, value === "true" || value === "1"];
  return [name, value];
}
