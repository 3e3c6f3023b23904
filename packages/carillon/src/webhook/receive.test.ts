import { expect, test, vi } from "vitest";
import { toBase64, utf8 } from "../crypto/bytes.ts";
import { signHmac } from "../crypto/hmac.ts";
import { CallError } from "../error/errors.ts";
import type { ParsedWebhook, SignatureScheme, VerifiedWebhook, WebhookSource } from "../provider/webhook.ts";
import { receiveWebhook, type ReceiveOptions, type StructuralRequest } from "./receive.ts";
import { customScheme } from "./scheme/custom.ts";
import { standardWebhooksScheme } from "./scheme/standard-webhooks.ts";

const now = new Date("2026-01-02T03:04:05Z");
const options: ReceiveOptions = { now: () => now };
const url = "https://example.com/hook";
const key = utf8("0123456789abcdef01234567");
const secret = `whsec_${toBase64(key)}`;
const body = '{"hello":"world"}';

async function signedHeaders(text: string | Uint8Array, at: Date = now): Promise<Record<string, string>> {
  const seconds = String(Math.floor(at.getTime() / 1000));
  const bytes = typeof text === "string" ? utf8(text) : text;
  const signed = new Uint8Array([...utf8(`msg_1.${seconds}.`), ...bytes]);
  return {
    "webhook-id": "msg_1",
    "webhook-timestamp": seconds,
    "webhook-signature": `v1,${toBase64(await signHmac("SHA-256", key, signed))}`,
  };
}

type Signed = StructuralRequest & { readonly headers: Readonly<Record<string, string>> };

async function signedRequest(text: string = body): Promise<Signed> {
  return { method: "POST", url, headers: await signedHeaders(text), body: text };
}

function sourceOf(parsed: Partial<ParsedWebhook> = {}, scheme?: SignatureScheme) {
  const parse = vi.fn<(webhook: VerifiedWebhook) => ParsedWebhook>((): ParsedWebhook => ({ events: [], ...parsed }));
  return {
    id: "acme",
    parse,
    scheme: scheme ?? standardWebhooksScheme({ secrets: [secret], headerPrefix: "webhook-" }),
  };
}

/** What was refused, with proof that nothing was parsed. */
async function rejection(
  request: Request | StructuralRequest,
  given: ReceiveOptions = options,
  source: ReturnType<typeof sourceOf> = sourceOf(),
): Promise<{ readonly reason: string; readonly status: number; readonly text: string }> {
  const received = await receiveWebhook(source, request, given);
  if (received.ok) throw new Error("accepted");
  expect(source.parse).not.toHaveBeenCalled();
  expect("events" in received).toBe(false);
  return { reason: received.reason, status: received.response.status, text: await received.response.text() };
}

/** A body that is sent in pieces of 64 kB, for as long as it is read. */
function endless(onCancel: () => void): ReadableStream<Uint8Array> {
  return new ReadableStream(
    { pull: (controller) => controller.enqueue(new Uint8Array(65_536)), cancel: onCancel },
    { highWaterMark: 0 },
  );
}

test("verifies, and only then hands the decoded body to parse", async () => {
  const source = sourceOf();
  const received = await receiveWebhook(source, await signedRequest(), options);
  expect(received.ok).toBe(true);
  expect(source.parse.mock.calls[0]?.[0]).toMatchObject({ method: "POST", url, text: body, json: { hello: "world" } });
  expect(received.response.status).toBe(200);
  expect(await received.response.text()).toBe("");
});

test.each([
  ["a string", (text: string) => text],
  ["bytes", (text: string) => utf8(text)],
  ["a buffer", (text: string) => utf8(text).buffer],
  ["a stream", (text: string) => new Response(text).body],
])("takes a structural request whose body is %s", async (_, make) => {
  const source = sourceOf();
  const received = await receiveWebhook(source, { ...(await signedRequest()), body: make(body) }, options);
  expect(received.ok).toBe(true);
  expect(source.parse.mock.calls[0]?.[0].text).toBe(body);
});

test("takes a Request, pairs of headers, and Node's headers", async () => {
  const headers = await signedHeaders(body);
  const node = Object.fromEntries(
    Object.entries({ ...headers, "x-list": ["a", "b"], ":path": "/hook", "x-none": undefined }),
  );
  for (const request of [
    new Request(url, { method: "POST", headers, body }),
    { method: "POST", url, headers: Object.entries(headers), body },
    { method: "POST", url, headers: node, body },
  ]) {
    expect((await receiveWebhook(sourceOf(), request, options)).ok).toBe(true);
  }
});

test.each(["GET", "HEAD", "PUT", "DELETE", "post"])("refuses the method %s", async (method) => {
  const refused = await rejection({ ...(await signedRequest()), method, body: null });
  expect(refused).toMatchObject({ reason: "method-not-allowed", status: 405 });
});

test("names the method that is allowed", async () => {
  const received = await receiveWebhook(sourceOf(), { method: "GET", url, headers: {} }, options);
  expect(received.response.headers.get("allow")).toBe("POST");
});

test.each(["gzip", "br", "aes128gcm", "identity, gzip"])("refuses the content encoding %s", async (encoding) => {
  const request = await signedRequest();
  const headers = { ...request.headers, "content-encoding": encoding };
  expect(await rejection({ ...request, headers })).toMatchObject({ reason: "unsupported-encoding", status: 415 });
});

test("stops reading a body at the limit, whatever length it declares", async () => {
  const cancel = vi.fn();
  const lying = { ...(await signedHeaders(body)), "content-length": "17" };
  const request = { method: "POST", url, headers: lying, body: endless(cancel) };
  expect(await rejection(request)).toMatchObject({ reason: "body-too-large", status: 413 });
  expect(cancel).toHaveBeenCalledOnce();
});

test("refuses a declared length over the limit without reading", async () => {
  const stream = new ReadableStream<Uint8Array>(
    {
      pull() {
        throw new Error("read");
      },
    },
    { highWaterMark: 0 },
  );
  const headers = { ...(await signedHeaders(body)), "content-length": "1048577" };
  expect(await rejection({ method: "POST", url, headers, body: stream })).toMatchObject({ reason: "body-too-large" });
});

test("takes a body of the limit, and refuses one byte more", async () => {
  const exact = "x".repeat(1_048_576);
  expect((await receiveWebhook(sourceOf(), await signedRequest(exact), options)).ok).toBe(true);
  expect(await rejection(await signedRequest(`${exact}x`))).toMatchObject({ reason: "body-too-large" });
  expect(await rejection(await signedRequest(), { ...options, maxBodyBytes: body.length - 1 })).toMatchObject({
    reason: "body-too-large",
  });
  expect((await receiveWebhook(sourceOf(), await signedRequest(), { ...options, maxBodyBytes: body.length })).ok).toBe(
    true,
  );
});

test("answers 400 when the body breaks off", async () => {
  const broken = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(utf8(body.slice(0, 5)));
    },
    pull(controller) {
      controller.error(new Error("connection reset"));
    },
  });
  const request = { ...(await signedRequest()), body: broken };
  expect(await rejection(request)).toMatchObject({ reason: "unreadable-body", status: 400 });
});

test("throws for a body that was read before, or handed over parsed: a wrong call", async () => {
  const request = new Request(url, { method: "POST", headers: await signedHeaders(body), body });
  await request.text();
  await expect(receiveWebhook(sourceOf(), request, options)).rejects.toThrow(CallError);
  const parsed = { ...(await signedRequest()), body: JSON.parse(body) as never };
  await expect(receiveWebhook(sourceOf(), parsed, options)).rejects.toThrow(CallError);
  await expect(receiveWebhook(sourceOf(), { ...parsed, body: [{}] as never }, options)).rejects.toThrow(CallError);
});

test("tells a missing signature from a wrong one, and the sender neither", async () => {
  const request = await signedRequest();
  const missing = await rejection({ ...request, headers: {} });
  const wrong = await rejection({ ...request, body: `${body} ` });
  expect(missing).toEqual({ reason: "missing-signature", status: 401, text: "rejected" });
  expect(wrong).toEqual({ reason: "signature-mismatch", status: 401, text: "rejected" });
});

test("rejects a signature header that is repeated", async () => {
  const headers = new Headers(await signedHeaders(body));
  headers.append("webhook-timestamp", headers.get("webhook-timestamp") ?? "");
  expect(await rejection({ ...(await signedRequest()), headers })).toMatchObject({ reason: "signature-mismatch" });
});

test("says stale of genuine signatures only", async () => {
  for (const offsetMs of [-301_000, 301_000, -86_400_000]) {
    const headers = await signedHeaders(body, new Date(now.getTime() + offsetMs));
    expect(await rejection({ method: "POST", url, headers, body })).toMatchObject({ reason: "stale", status: 401 });
    const forged = { method: "POST", url, headers, body: `${body} ` };
    expect(await rejection(forged)).toMatchObject({ reason: "signature-mismatch" });
  }
  for (const offsetMs of [-300_000, 300_000]) {
    const headers = await signedHeaders(body, new Date(now.getTime() + offsetMs));
    expect((await receiveWebhook(sourceOf(), { method: "POST", url, headers, body }, options)).ok).toBe(true);
  }
});

test("tries ten signatures of a request and no more", async () => {
  const request = await signedRequest();
  const { headers } = request;
  const right = headers["webhook-signature"] ?? "";
  const wrong = `v1,${toBase64(new Uint8Array(32))}`;
  const withSignatures = (count: number): StructuralRequest => ({
    ...request,
    headers: { ...headers, "webhook-signature": [...Array<string>(count).fill(wrong), right].join(" ") },
  });
  expect((await receiveWebhook(sourceOf(), withSignatures(9), options)).ok).toBe(true);
  expect(await rejection(withSignatures(10))).toMatchObject({ reason: "signature-mismatch" });
});

const bodiless: SignatureScheme = {
  kind: "hmac",
  covers: "fields",
  headers: ["x-signature"],
  verify: async ({ headers }) => headers.get("x-signature") === "right",
  replayKey: ({ headers }) => headers.get("x-token") ?? undefined,
};

test("asks whether a signature that leaves the body uncovered was seen, once it held", async () => {
  const request = { method: "POST", url, headers: { "x-signature": "right", "x-token": "t1" }, body };
  const kept = new Map<string, number>();
  const seen = vi.fn((name: string, forSeconds: number) => {
    const known = kept.has(name);
    kept.set(name, forSeconds);
    return known;
  });
  expect((await receiveWebhook(sourceOf({}, bodiless), request, { ...options, seen })).ok).toBe(true);
  expect([...kept]).toEqual([["acme:t1", 604_800]]);
  expect(await rejection(request, { ...options, seen }, sourceOf({}, bodiless))).toMatchObject({
    reason: "replayed",
    status: 409,
  });
  const shortLived: SignatureScheme = {
    ...bodiless,
    toleranceSeconds: 300,
    timestampSeconds: () => now.getTime() / 1000,
  };
  const other = { ...request, headers: { ...request.headers, "x-token": "t2" } };
  expect((await receiveWebhook(sourceOf({}, shortLived), other, { ...options, seen })).ok).toBe(true);
  expect(kept.get("acme:t2")).toBe(600);
  seen.mockClear();
  const forged = { ...request, headers: { ...request.headers, "x-signature": "wrong" } };
  expect(await rejection(forged, { ...options, seen }, sourceOf({}, bodiless))).toMatchObject({
    reason: "signature-mismatch",
  });
  expect(seen).not.toHaveBeenCalled();
});

test.each([
  ["invalid JSON", utf8("{"), undefined],
  ["nothing", new Uint8Array(), undefined],
  ["null", utf8("null"), null],
  ["a number", utf8("1"), 1],
  ["invalid UTF-8", Uint8Array.of(0x22, 0xff, 0x22), undefined],
  ["nesting that is too deep", utf8("[".repeat(500_000)), undefined],
])("hands %s to parse without a throw", async (_, bytes, json) => {
  const source = sourceOf();
  const request = { method: "POST", url, headers: await signedHeaders(bytes), body: bytes };
  expect((await receiveWebhook(source, request, options)).ok).toBe(true);
  expect(source.parse.mock.calls[0]?.[0].json).toEqual(json);
});

test("answers 500 when a parser throws, so that the events come again", async () => {
  const source: WebhookSource = {
    ...sourceOf(),
    parse() {
      throw new TypeError("defect");
    },
  };
  const received = await receiveWebhook(source, await signedRequest(), options);
  expect(received).toMatchObject({ ok: false, reason: "parse-failed", error: { message: "defect" } });
  expect(received.response.status).toBe(500);
  expect(await received.response.text()).toBe("rejected");
});

test("answers what the provider expects, and gives the confirmation to the caller", async () => {
  const confirm = { method: "GET", url: "https://acme.example/confirm", headers: {}, secrets: [] };
  const source = sourceOf({ reply: { status: 202, contentType: "application/json", body: '{"ok":1}' }, confirm });
  const received = await receiveWebhook(source, await signedRequest(), options);
  expect(received).toMatchObject({ ok: true, confirm });
  expect(received.response.status).toBe(202);
  expect(received.response.headers.get("content-type")).toBe("application/json");
  expect(await received.response.text()).toBe('{"ok":1}');
  const empty = await receiveWebhook(sourceOf({ reply: { status: 204 } }), await signedRequest(), options);
  expect(empty.response.status).toBe(204);
});

test("gives a custom scheme the clock, what it fetches and what it remembers", async () => {
  const fetch = vi.fn(async (called: string) =>
    called.endsWith("/cert") ? new Response("PEM") : new Response("moved", { status: 302 }),
  );
  const made = vi.fn(async () => "value");
  const results: unknown[] = [];
  const scheme = customScheme({
    covers: "body",
    async verify(_, tools) {
      results.push(
        tools.now,
        await tools.get("https://acme.example/cert", 3),
        await tools.get("https://acme.example/cert", 2),
      );
      results.push(await tools.get("https://acme.example/moved", 9));
      results.push(await tools.remember("k", new Date(now.getTime() + 1), made));
      results.push(await tools.remember("k", new Date(now.getTime() + 1), made));
      results.push(await tools.remember("old", now, made), await tools.remember("old", now, made));
      return true;
    },
  });
  const received = await receiveWebhook(sourceOf({}, scheme), await signedRequest(), { ...options, fetch });
  expect(received.ok).toBe(true);
  expect(results).toEqual([now, utf8("PEM"), undefined, undefined, "value", "value", "value", "value"]);
  expect(made).toHaveBeenCalledTimes(3);
  expect(fetch).toHaveBeenCalledTimes(3);

  const asked: string[] = [];
  const remember = async <T>(name: string, _: Date, make: () => T | Promise<T>): Promise<T> => {
    asked.push(name);
    return make();
  };
  await receiveWebhook(sourceOf({}, scheme), await signedRequest(), { ...options, fetch, remember });
  expect(asked).toEqual(["k", "k", "old", "old"]);
});

test("lets nothing in on any answer of a custom verifier but true, and answers 503 when it throws", async () => {
  for (const answer of [false, 1, "true", undefined]) {
    const scheme: SignatureScheme = {
      kind: "custom",
      covers: "body",
      headers: [],
      verify: async () => answer as boolean,
    };
    const refused = await rejection(await signedRequest(), options, sourceOf({}, scheme));
    expect(refused).toMatchObject({ reason: "signature-mismatch", status: 401 });
  }
  const scheme: SignatureScheme = {
    kind: "custom",
    covers: "body",
    headers: [],
    async verify() {
      throw new Error("no certificate");
    },
  };
  expect(await rejection(await signedRequest(), options, sourceOf({}, scheme))).toEqual({
    reason: "unverifiable",
    status: 503,
    text: "rejected",
  });
});

test("uses the clock when it is given none", async () => {
  const headers = await signedHeaders(body, new Date());
  expect((await receiveWebhook(sourceOf(), { method: "POST", url, headers, body })).ok).toBe(true);
});
