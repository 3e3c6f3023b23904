import type { Context } from "hono";
import * as v from "valibot";
import { invalid, maxErrors, refusal } from "../problem.ts";
import type { FieldError } from "../problem.ts";

/** Room for the largest message that a provider takes in base64 (Postmark 10 MB, others more); a Worker has 128 MB. */
const maxBodyBytes = 12_000_000;

/** The body as bytes, read no further than the limit, whatever Content-Length says. */
export async function readBody(c: Context, maxBytes: number = maxBodyBytes): Promise<Uint8Array<ArrayBuffer>> {
  const tooLarge = refusal({
    status: 413,
    code: "body-too-large",
    title: "The body is too large.",
    detail: `The limit is ${maxBytes} bytes.`,
  });
  if (Number(c.req.header("content-length") ?? 0) > maxBytes) throw tooLarge;
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = c.req.raw.body?.getReader();
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
    if (done) break;
    size += value.length;
    if (size > maxBytes) {
      await reader?.cancel();
      throw tooLarge;
    }
    chunks.push(value);
  }
  const body = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    body.set(chunk, offset);
    offset += chunk.length;
  }
  return body;
}

const jsonTypes = ["application/json"];

/** JSON that fits a schema; anything else ends the request with a problem that names the field. */
export async function readJson<T extends v.GenericSchema>(
  c: Context,
  schema: T,
  maxBytes: number = maxBodyBytes,
  types: readonly string[] = jsonTypes,
): Promise<v.InferOutput<T>> {
  refuseOtherTypes(c, types);
  return fitted(schema, await readBody(c, maxBytes));
}

/** The same where there need not be a body. Browsers say of none that it has no bytes, which is a body to the platform. */
export async function readOptionalJson<T extends v.GenericSchema>(
  c: Context,
  schema: T,
  maxBytes: number,
): Promise<v.InferOutput<T> | undefined> {
  const body = await readBody(c, maxBytes);
  if (body.length === 0) return undefined;
  refuseOtherTypes(c, jsonTypes);
  return fitted(schema, body);
}

function refuseOtherTypes(c: Context, types: readonly string[]): void {
  const type = c.req.header("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type === undefined || !types.includes(type)) {
    throw refusal({ status: 415, code: "unsupported-media-type", title: "The body must be application/json." });
  }
}

function fitted<T extends v.GenericSchema>(schema: T, body: Uint8Array): v.InferOutput<T> {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(body));
  } catch {
    throw refusal({ status: 400, code: "invalid-json", title: "The body is not JSON in UTF-8." });
  }
  if (depthExceeds(json, maxDepth)) {
    throw refusal({
      status: 400,
      code: "invalid-json",
      title: `The body is nested more than ${maxDepth} levels deep.`,
    });
  }
  // A list passes for an object without fields.
  if (Array.isArray(json)) throw invalid([{ field: "body", detail: "expected an object" }]);
  const result = v.safeParse(schema, json);
  if (!result.success) throw invalid(result.issues.slice(0, maxErrors).map(fieldErrorOf));
  return result.output;
}

/** What walks the body later does so by calling itself. */
const maxDepth = 64;

function depthExceeds(json: unknown, levels: number): boolean {
  let level: unknown[] = [json];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > levels) return true;
    level = level.flatMap((item) => (typeof item === "object" && item !== null ? Object.values(item) : []));
  }
  return false;
}

/** Path and expectation; never the value that came. */
function fieldErrorOf(issue: v.BaseIssue<unknown>): FieldError {
  const field = v.getDotPath(issue) ?? "body";
  if (issue.type === "strict_object" && issue.expected === "never")
    return { field, detail: "is not a field of this request" };
  if (issue.type === "strict_object" && issue.received === "undefined") return { field, detail: "is required" };
  return { field, detail: issue.message };
}
