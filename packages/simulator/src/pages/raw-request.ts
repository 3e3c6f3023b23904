import type { RecordedRequest } from "../message.ts";

/** Of a string within JSON, and of a body that is none. */
const maxLength = 4_000;

/** A request as text: JSON on several lines, long strings (attachments mostly) cut, bytes in base64. */
export function requestText({ method, url, headers, body, bodyEncoding }: RecordedRequest): string {
  const shown = bodyEncoding === undefined ? readable(body) : `(bytes, in base64)\n${cut(body)}`;
  return [`${method} ${url}`, ...headers.map(([name, value]) => `${name}: ${value}`), "", shown].join("\n");
}

function readable(body: string): string {
  const shorten = (_: string, value: unknown): unknown => (typeof value === "string" ? cut(value) : value);
  try {
    return JSON.stringify(JSON.parse(body), shorten, 2);
  } catch {
    return body;
  }
}

function cut(text: string): string {
  return text.length > maxLength ? `${text.slice(0, maxLength)}... (${text.length} characters)` : text;
}
