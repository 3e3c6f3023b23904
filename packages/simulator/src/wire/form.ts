import type { ApiRequest } from "../route.ts";

/** The fields of a form, multipart or URL-encoded, in order; undefined when the body is neither. */
export async function readForm(
  request: Pick<ApiRequest, "bytes" | "headers">,
): Promise<readonly (readonly [name: string, value: string | File])[] | undefined> {
  const contentType = request.headers.get("content-type") ?? "";
  try {
    const form = await new Response(request.bytes, { headers: { "content-type": contentType } }).formData();
    return [...form] as [string, string | File][];
  } catch {
    return undefined;
  }
}
