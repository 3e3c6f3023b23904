import { vi } from "vitest";
import { fromBase64Url } from "../base64url.ts";
import { fakeCaches } from "./fake-caches.ts";

export const keys = {
  first: "BObl2kYL1OtdNyvaEjKVr8DEw2CKqYaPS1BVZ9mOpH_BVPGulWCfGOE-Hi8ntjMyInXAU0hwP_VAtHzHmVxRo64",
  second: "BNbN3OiBAVH7YkDvvWEO8RPvTcWfCTtGnYy1fGsDlSZjhxCZHvUoQ6uaZCUJRgWGm4n-vA3ng0u_ZYYZHSYJ5jM",
} as const;

export interface Request {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: unknown;
}

export interface FakePage {
  permission: NotificationPermission;
  /** What the person answers when they are asked. */
  answer: NotificationPermission;
  /** Whether a click or a key is being handled; undefined: the browser does not tell. */
  isActive: boolean | undefined;
  /** Of the service. */
  publicKey: string;
  /** Statuses of the service's next answers to PUT and DELETE; 200 when there is none. */
  readonly statuses: number[];
  /** The browser's one subscription. */
  subscription: PushSubscription | null;
  readonly requests: Request[];
  readonly asked: string[];
  /** Has the service worker say something to the page. */
  say(data: unknown): void;
  isRegistered: boolean;
  isOnline: boolean;
}

/** A page at `https://app.example`, in a browser and before a service that do as they are told. */
export function fakePage(): FakePage {
  const listeners: ((event: unknown) => void)[] = [];
  let count = 0;
  const page: FakePage = {
    permission: "default",
    answer: "granted",
    isActive: true,
    publicKey: keys.first,
    statuses: [],
    subscription: null,
    requests: [],
    asked: [],
    say: (data) => listeners.forEach((listener) => listener({ data })),
    isRegistered: true,
    isOnline: true,
  };
  const subscribe = async ({ applicationServerKey }: PushSubscriptionOptionsInit): Promise<PushSubscription> => {
    if (page.subscription) throw new DOMException("Another key", "InvalidStateError");
    const endpoint = `https://push.example/${(count += 1)}`;
    const made = {
      endpoint,
      options: { applicationServerKey: (applicationServerKey as Uint8Array).buffer },
      toJSON: () => ({ endpoint, expirationTime: null, keys: { p256dh: "p", auth: "a" } }),
      unsubscribe: async () => {
        page.subscription = null;
        return true;
      },
    };
    return (page.subscription = made as unknown as PushSubscription);
  };
  const registration = { pushManager: { getSubscription: async () => page.subscription, subscribe } };
  const notification = {
    get permission() {
      return page.permission;
    },
    requestPermission: async () => {
      page.asked.push("permission");
      return (page.permission = page.answer);
    },
  };
  vi.stubGlobal("window", { PushManager: {}, Notification: notification, caches: {} });
  vi.stubGlobal("Notification", notification);
  vi.stubGlobal("caches", fakeCaches());
  vi.stubGlobal("navigator", {
    get userActivation() {
      return page.isActive === undefined ? undefined : { isActive: page.isActive };
    },
    serviceWorker: {
      getRegistration: async () => (page.isRegistered ? registration : undefined),
      ready: Promise.resolve(registration),
      addEventListener: (_: string, listener: (event: unknown) => void) => listeners.push(listener),
    },
  });
  vi.stubGlobal("fetch", async (url: string, init: RequestInit = {}) => {
    if (!page.isOnline) throw new TypeError("Failed to fetch");
    const { method = "GET", headers, body } = init;
    const { authorization } = { ...(headers as Record<string, string> | undefined) };
    const path = url.replace("https://notify.example", "");
    page.requests.push({ method, path, authorization, body: body ? JSON.parse(body as string) : undefined });
    if (path === "/v1/push/config") return Response.json({ publicKey: page.publicKey });
    return new Response(null, { status: page.statuses.shift() ?? 200 });
  });
  return page;
}

/** A subscription that the browser has from before, made with this key. */
export function subscriptionWith(key: string, endpoint: string, page: FakePage): PushSubscription {
  return {
    endpoint,
    options: { applicationServerKey: fromBase64Url(key).buffer, userVisibleOnly: true },
    toJSON: () => ({ endpoint, keys: {} }),
    unsubscribe: async () => {
      page.subscription = null;
      return true;
    },
  } as unknown as PushSubscription;
}
