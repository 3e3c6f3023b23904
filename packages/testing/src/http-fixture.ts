import type { OutboundRequest, ProviderResponse } from "carillon";
import { base64, bytesOfBase64, encode } from "./bytes.ts";
import { CheckError } from "./check.ts";

/** An `.http` file: README.md says how one is written. */
export interface HttpFixture {
  /** `POST https://api.example.com/send`, or `HTTP/1.1 200 OK`. */
  readonly start: string;
  /** By name in lower case; one that is repeated is joined with a comma, as `Headers` does. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** What stands in an `.http` file. The body is every byte after the blank line. */
export function parseHttpFixture(text: string): HttpFixture {
  const end = /\r?\n\r?\n|\r?\n$|$/.exec(text);
  const head = text.slice(0, end?.index);
  const [start = "", ...lines] = head.split(/\r?\n/);
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const [, name, value] = /^([^:\s]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
    if (name === undefined || value === undefined) throw new CheckError(`Not a header line: ${line}`);
    const key = name.toLowerCase();
    headers[key] = key in headers ? `${headers[key]}, ${value}` : value;
  }
  const { "content-transfer-encoding": encoding, ...sent } = headers;
  const body = text.slice(head.length + (end?.[0].length ?? 0));
  return { start, headers: sent, body: encoding === "base64" ? bytesOfBase64(body.trim()) : encode(body) };
}

/** The answer that a `response.http` holds, as the core would hand it to the provider. */
export function responseOf(fixture: HttpFixture): ProviderResponse {
  const status = Number(/^HTTP\/[\d.]+ (\d{3})\b/.exec(fixture.start)?.[1]);
  if (!(status >= 100)) throw new CheckError(`Not the first line of a response: ${fixture.start}`);
  return madeResponse(status, new TextDecoder().decode(fixture.body), fixture.headers);
}

export function madeResponse(
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
  truncated = false,
): ProviderResponse {
  let json: unknown;
  try {
    json = truncated ? undefined : JSON.parse(text);
  } catch {
    // No JSON: undefined, as the core has it.
  }
  return { status, headers: new Headers(headers), text, json, truncated };
}

/** A request as the text of its `request.http`, headers in alphabetical order, so that two texts can be compared. */
export async function formatRequest(request: OutboundRequest): Promise<string> {
  const { method, url, headers, body = "" } = request;
  const bytes =
    typeof body === "string" ? encode(body) : body instanceof FormData ? await multipart(body) : new Uint8Array(body);
  return format({ start: `${method} ${url}`, headers, body: bytes });
}

export function format({ start, headers, body }: HttpFixture): string {
  let text: string | undefined;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    // No UTF-8: in base64.
  }
  const all: Readonly<Record<string, string>> =
    text === undefined ? { ...headers, "content-transfer-encoding": "base64" } : headers;
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\n`);
  return `${start}\n${lines.toSorted().join("")}\n${text ?? base64(body)}`;
}

async function multipart(form: FormData): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Blob[] = [];
  for (const [name, value] of form) {
    const isFile = typeof value !== "string";
    const file = isFile ? `; filename="${value.name}"\r\nContent-Type: ${value.type}` : "";
    parts.push(
      new Blob([`--carillon\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\n`, value, "\r\n"]),
    );
  }
  return new Uint8Array(await new Blob([...parts, "--carillon--\r\n"]).arrayBuffer());
}
