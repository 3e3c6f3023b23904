import { simulatorCredentials } from "@carillon/simulator";
import { call } from "./service.ts";
import { simulator } from "./worker.ts";

/** What QStash is asked for, and what it calls with. */

const encoder = new TextEncoder();

export const jobsUrl = "https://carillon.test/v1/jobs";

/** A job as the service publishes it. */
export interface Job {
  readonly shard: number;
  readonly at: number;
  readonly generation: number;
}

export interface Publication {
  readonly destination: string;
  readonly body: Job;
  readonly headers: Headers;
}

/** Requests to publish, in their order. */
export const publications: Publication[] = [];

export const publishedFor = (shard: number): readonly Publication[] =>
  publications.filter(({ body }) => body.shard === shard);

/** Whether QStash calls anybody, and what a request to it waits for. */
export const queue = { calls: true, gate: Promise.resolve() };

/** The simulated QStash, for what would go to the internet. */
export async function fetchQueue(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const request = new Request(input as Request, init);
  const [, destination] = /\/v2\/publish\/(.*)$/.exec(request.url) ?? [];
  if (destination !== undefined) {
    publications.push({ destination, body: await request.clone().json<Job>(), headers: request.headers });
  }
  await queue.gate;
  return simulator.fetch(request);
}

function base64Url(bytes: ArrayBuffer): string {
  return btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replaceAll("+", "-")
    .replaceAll("/", "_");
}

const { currentSigningKey } = simulatorCredentials.qstash;

interface Signing {
  readonly key?: string;
  readonly url?: string;
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, string>>;
}

/** The `Upstash-Signature` of a body, as QStash makes it; what is given makes it another. */
export async function sign(body: string, signing: Signing = {}): Promise<string> {
  const {
    key: secret = currentSigningKey,
    url = jobsUrl,
    claims = {},
    header = { alg: "HS256", typ: "JWT" },
  } = signing;
  const seconds = Math.floor(Date.now() / 1000);
  const payload = {
    iss: "Upstash",
    sub: url,
    iat: seconds,
    exp: seconds + 300,
    nbf: 0,
    jti: "jwt_test",
    body: base64Url(await crypto.subtle.digest("SHA-256", encoder.encode(body))),
    ...claims,
  };
  const input = [header, payload]
    .map((part) => btoa(JSON.stringify(part)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", ""))
    .join(".");
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, ["sign"]);
  const signature = await crypto.subtle.sign("HMAC", key, encoder.encode(input));
  return `${input}.${base64Url(signature).replaceAll("=", "")}`;
}

/** QStash's call with a job; text is sent as it is. */
export async function callWith(job: Job | string, signing: Signing = {}): Promise<Response> {
  const body = typeof job === "string" ? job : JSON.stringify(job);
  return call("POST", "/v1/jobs", { key: "", body, headers: { "upstash-signature": await sign(body, signing) } });
}
