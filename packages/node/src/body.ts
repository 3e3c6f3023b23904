/**
 * The bytes of a body, and its `content-type` among the headers where the body brings one: forms and the like as the platform
 * writes them.
 */
export async function readBody(body: RequestInit["body"], headers: string[]): Promise<Uint8Array | undefined> {
  if (body === null || body === undefined) return undefined;
  if (body instanceof Uint8Array) return body;
  const whole = new Response(body);
  const type = whole.headers.get("content-type");
  const isNamed = headers.some((name, index) => index % 2 === 0 && name.toLowerCase() === "content-type");
  if (type !== null && !isNamed) headers.push("content-type", type);
  return new Uint8Array(await whole.arrayBuffer());
}
