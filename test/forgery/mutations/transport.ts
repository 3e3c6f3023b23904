import { withHeaders } from "../request.ts";
import type { Request } from "../request.ts";
import { join, utf8 } from "../signing.ts";
import type { Ground, Mutation } from "./mutation.ts";

/** Methods, header lines, declared lengths and encodings. */
export async function* transport(ground: Ground): AsyncGenerator<Mutation> {
  const { receiver, signed } = ground;
  for (const method of ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "post", "Post", "PROPFIND"]) {
    yield { what: `method ${method}`, request: { ...signed, method } };
  }
  yield { what: "headers in another order", request: { ...signed, headers: signed.headers.toReversed() } };
  const shouted = signed.headers.map(([name, value]) => [name.toUpperCase(), value] as const);
  yield { what: "names of headers in upper case", request: { ...signed, headers: shouted } };
  for (const [name, value] of [
    ["content-type", "application/xml"],
    ["content-type", "multipart/form-data; boundary=x"],
    ["content-type", "application/json; charset=utf-16"],
    ["content-type", undefined],
    ["x-forwarded-host", "evil.example"],
    ["x-forwarded-proto", "http"],
    ["x-original-url", "/v1/notifications"],
    ["x-http-method-override", "GET"],
    ["host", "evil.example"],
    ["content-length", "5"],
    ["content-length", "-1"],
    ["content-length", "1e1"],
  ] as const) {
    yield { what: `${name}: ${value}`, request: withHeaders(signed, { [name]: value }) };
  }
  for (const coding of ["gzip", "deflate", "br", "zstd", "identity", "x-gzip", "gzip, gzip"]) {
    yield { what: `content-encoding: ${coding}`, request: withHeaders(signed, { "content-encoding": coding }) };
  }
  const request: Request = { ...signed, body: await gzipped(signed.body) };
  yield { what: "compressed, and not saying so", request };
  yield { what: "compressed, and saying so", request: withHeaders(request, { "content-encoding": "gzip" }) };
  const bomb = await gzipped(new Uint8Array(20_000_000));
  yield {
    what: "20 MB of zeros, compressed",
    request: withHeaders({ ...signed, body: bomb }, { "content-encoding": "gzip" }),
  };
  yield { what: "content-length over the limit", request: withHeaders(signed, { "content-length": "1048577" }) };
  yield { what: "over the limit", request: { ...signed, body: join(signed.body, new Uint8Array(1_048_576)) } };
  yield {
    what: "1 MB of spaces after it",
    request: { ...signed, body: join(signed.body, utf8(" ".repeat(1_000_000))) },
  };
  // Twice the same header: which one counts?
  for (const [name, value] of Object.entries(receiver.readProof(signed))) {
    if (!signed.headers.some(([each]) => each === name)) continue;
    for (const wrong of ["x", "", value.replace(/.$/, (last) => (last === "A" ? "B" : "A")), value]) {
      const what = wrong === value ? "the same" : wrong === "" ? "empty" : wrong === "x" ? "x" : "nearly the same";
      yield {
        what: `${name} twice, the second one ${what}`,
        request: { ...signed, headers: [...signed.headers, [name, wrong]] },
      };
      yield {
        what: `${name} twice, the first one ${what}`,
        request: { ...signed, headers: [[name, wrong], ...signed.headers] },
      };
    }
    const underscored = signed.headers.map(
      ([each, text]) => [each === name ? name.replaceAll("-", "_") : each, text] as const,
    );
    yield { what: `${name} with underscores`, request: { ...signed, headers: underscored } };
  }
}

async function gzipped(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
