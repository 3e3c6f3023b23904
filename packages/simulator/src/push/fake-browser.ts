import { simulatorCredentials } from "../credentials.ts";
import { toBase64Url } from "../wire/bytes.ts";
import { decryptPush } from "./decrypt.ts";
import { type BrowserKeys, deriveKeys, sha256 } from "./keys.ts";
import { endpointPrefix, type PushService, readEndpoint } from "./services.ts";

/** What `PushSubscription.toJSON()` gives, and the key that it was made with. */
export interface FakeSubscription {
  readonly endpoint: string;
  readonly expirationTime: null;
  readonly keys: { readonly p256dh: string; readonly auth: string };
  readonly applicationServerKey: string;
}

export interface SubscribeOptions {
  /**
   * `[A-Za-z0-9_-]`, up to 48. Tells browsers apart, and its beginning chooses what the push service says: see
   * `providers/webpush/fates.ts`. @default "delivered-1"
   */
  readonly name?: string | undefined;
  /** @default "chromium" */
  readonly service?: PushService | undefined;
  /** 65 bytes in base64url. The simulator's own by default. */
  readonly applicationServerKey?: string | undefined;
}

/** The last part of an endpoint. */
async function tokenOf(service: PushService, name: string, keyHash: string): Promise<string> {
  const check = toBase64Url(await sha256(`carillon fake browser, endpoint, ${service} ${name} ${keyHash}`));
  return `${name}.${keyHash}.${check.slice(0, 22)}`;
}

async function hashOfKey(applicationServerKey: string): Promise<string> {
  return toBase64Url(await sha256(applicationServerKey)).slice(0, 16);
}

/**
 * A browser that subscribes without asking anybody: all that there is to know of a subscription is in its endpoint, and the
 * same options give the same one. So nothing is kept, and one that was made elsewhere is known.
 */
export async function subscribe(options: SubscribeOptions = {}): Promise<FakeSubscription> {
  const { name = "delivered-1", service = "chromium" } = options;
  const { applicationServerKey = simulatorCredentials.webpush.vapidPublicKey } = options;
  const token = await tokenOf(service, name, await hashOfKey(applicationServerKey));
  const { publicKey, authSecret } = await deriveKeys(token);
  return {
    endpoint: endpointPrefix(service) + token,
    expirationTime: null,
    keys: { p256dh: toBase64Url(publicKey), auth: toBase64Url(authSecret) },
    applicationServerKey,
  };
}

/** The subscription behind an endpoint; undefined for one that no fake browser has. */
export async function findSubscription(
  endpoint: string,
): Promise<
  { readonly name: string; readonly keys: BrowserKeys; isMadeWith(key: string): Promise<boolean> } | undefined
> {
  const read = readEndpoint(endpoint);
  const [, name = "", keyHash = ""] = /^([\w-]{1,48})\.([\w-]{16})\.[\w-]{22}$/.exec(read?.token ?? "") ?? [];
  const { service, token }: { service?: PushService; token?: string } = read ?? {};
  if (service === undefined || token === undefined || token !== (await tokenOf(service, name, keyHash)))
    return undefined;
  return {
    name,
    keys: await deriveKeys(token),
    isMadeWith: async (key) => (await hashOfKey(key)) === keyHash,
  };
}

export interface FakeBrowser {
  subscribe(options?: SubscribeOptions): Promise<FakeSubscription>;
  /** Decrypts what was sent to one of its endpoints. Rejects with an `UndecryptableError`. */
  receive(endpoint: string, body: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>>;
  /** For other implementations of the decryption. */
  keysOf(endpoint: string): Promise<BrowserKeys>;
}

export const fakeBrowser: FakeBrowser = {
  subscribe,
  receive: async (endpoint, body) => decryptPush(body, await fakeBrowser.keysOf(endpoint)),
  async keysOf(endpoint) {
    const found = await findSubscription(endpoint);
    if (!found) throw new TypeError("No fake browser has this endpoint");
    return found.keys;
  },
};
