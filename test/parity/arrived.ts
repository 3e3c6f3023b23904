/** A request as it arrived at a provider, whoever sent it. */
export interface Arrived {
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
  /** Of the simulator's answer. */
  readonly status: number;
}

/** What two requests are compared by: names such as `method`, `url.path`, `header.x`, `body.to.0`, and their values. */
export type Fields = ReadonlyMap<string, string>;

/** Headers that clients and connections bring of themselves, and that say nothing about the message. */
const transport = new Set([
  "accept",
  "accept-encoding",
  "accept-language",
  "connection",
  "content-length",
  "expect",
  "host",
  "sec-fetch-mode",
  "transfer-encoding",
  "user-agent",
]);

/** Takes a request apart. JSON, forms and multipart are compared by what they say, not by how they are spelled. */
export async function fieldsOf({ method, url, headers, body }: Arrived): Promise<Fields> {
  const fields = new Map<string, string>([
    ["method", method],
    ["url.host", url.host],
    ["url.path", url.pathname],
  ]);
  addPairs(fields, "url.query", url.searchParams);
  const contentType = headers.get("content-type") ?? "";
  const type = (contentType.split(";")[0] ?? "").trim().toLowerCase();
  for (const [name, value] of headers) {
    if (!transport.has(name) && name !== "content-type") fields.set(`header.${name}`, value);
  }
  if (type) fields.set("header.content-type", type);
  const text = new TextDecoder().decode(body);
  if (type.endsWith("json")) {
    addJson(fields, "body", JSON.parse(text));
  } else if (type === "application/x-www-form-urlencoded") {
    addPairs(fields, "body", new URLSearchParams(text));
  } else if (type === "multipart/form-data") {
    const form = await new Response(body, { headers: { "content-type": contentType } }).formData();
    addPairs(fields, "body", await Promise.all([...form].map(async ([name, part]) => [name, await partOf(part)])));
  } else if (body.length > 0) {
    fields.set("body", text);
  }
  return fields;
}

async function partOf(part: string | File): Promise<string> {
  if (typeof part === "string") return part;
  return `${part.name}; ${part.type}; ${Buffer.from(await part.arrayBuffer()).toString("base64")}`;
}

/** Pairs of a name that is there once keep their name; several are numbered in their order. */
function addPairs(fields: Map<string, string>, prefix: string, pairs: Iterable<readonly string[]>): void {
  const byName = Map.groupBy(pairs, ([name = ""]) => name);
  for (const [name, entries] of byName) {
    for (const [index, [, value = ""]] of entries.entries()) {
      fields.set(entries.length === 1 ? `${prefix}.${name}` : `${prefix}.${name}.${index}`, value);
    }
  }
}

/** What is absent and what is null, an empty list or an empty object say the same to no provider: all are kept. */
function addJson(fields: Map<string, string>, path: string, value: unknown): void {
  const entries = typeof value === "object" && value !== null ? Object.entries(value) : [];
  if (entries.length === 0) fields.set(path, JSON.stringify(value));
  for (const [key, item] of entries) addJson(fields, `${path}.${key}`, item);
}
