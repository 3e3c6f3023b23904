import { PushError } from "./error.ts";
import type { PushOptions } from "./options.ts";

/** The VAPID public key that new subscriptions are made with, in base64url. */
export async function currentKey({ service }: Pick<PushOptions, "service">): Promise<string> {
  // A key of minutes ago would have a browser subscribe with the last one again.
  const request = fetch(`${originOf(service)}/v1/push/config`, { credentials: "omit", cache: "no-cache" });
  const response = await answered(request);
  const { publicKey } = (await response.json()) as { readonly publicKey: string };
  return publicKey;
}

export async function register(
  options: PushOptions,
  subscription: PushSubscription,
  applicationServerKey: string,
): Promise<void> {
  await call(options, "PUT", { ...subscription.toJSON(), applicationServerKey });
}

export async function remove(options: PushOptions, endpoint: string): Promise<void> {
  await call(options, "DELETE", { endpoint });
}

async function call({ service, recipient, token }: PushOptions, method: string, body: object): Promise<void> {
  const url = `${originOf(service)}/v1/recipients/${encodeURIComponent(recipient)}/push-subscriptions`;
  const headers = { authorization: `Bearer ${await token()}`, "content-type": "application/json" };
  await answered(fetch(url, { method, headers, body: JSON.stringify(body), credentials: "omit" }));
}

async function answered(request: Promise<Response>): Promise<Response> {
  let response: Response;
  try {
    response = await request;
  } catch {
    throw new PushError("service", "The service could not be reached from here: is this origin in ALLOWED_ORIGINS?");
  }
  if (!response.ok) throw new PushError("service", `The service answered ${response.status}.`, response.status);
  return response;
}

function originOf(service: string): string {
  return service.replace(/\/+$/, "");
}
