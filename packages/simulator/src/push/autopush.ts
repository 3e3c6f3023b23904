/**
 * The other half of a push service, which real browsers talk to: Mozilla's autopush protocol, over a WebSocket that whoever
 * runs the simulator brings (`Simulator.connectBrowser`).
 *
 * Source: https://mozilla-services.github.io/autopush-rs/architecture.html and
 * https://firefox-source-docs.mozilla.org/dom/push/ (read 2026-11-24)
 */
import { objectOf, objectsOf, parseJson, stringOf } from "../wire/json.ts";
import { randomBytes, toBase64Url } from "../wire/bytes.ts";
import { bytesOfBase64Url } from "./keys.ts";
import type { PushDelivery, PushRecords } from "./records.ts";
import { endpointPrefix } from "./services.ts";

/** The browser's end of a connection. */
export interface BrowserSocket {
  send(text: string): void;
  close(code: number, reason: string): void;
}

/** What whoever holds the socket tells of it. */
export interface BrowserConnection {
  /** A text message came. */
  receive(text: string): void;
  closed(): void;
}

/** A message that was accepted for a real browser, on its way there. */
export interface Push {
  readonly id: string;
  readonly token: string;
  readonly body: Uint8Array;
  readonly topic: string | undefined;
  readonly ttlSeconds: number;
}

export interface Autopush {
  connect(socket: BrowserSocket): BrowserConnection;
  /** Delivers now, or once the browser is connected again. */
  push(push: Push): void;
  /** Loses every real browser, as a push service that has lost its data: each subscribes anew when it is connected again. */
  forget(): void;
}

/** RFC 4122, as browsers make them. */
const channelPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const protocolError = 4000;

export function createAutopush(options: { readonly records: PushRecords; readonly now: () => Date }): Autopush {
  const { records } = options;
  const nowMs = (): number => options.now().getTime();
  /** By the browser's id. Not durable: connections end with the process. */
  const connected = new Map<string, BrowserSocket>();

  /** Hands a browser what it has not acknowledged, unless its time is over. */
  const deliver = (browser: string): void => {
    const socket = connected.get(browser);
    for (const delivery of records.waiting(browser)) {
      if (delivery.expiresAtMs < nowMs()) records.put({ ...delivery, state: "expired" });
      else if (socket) {
        socket.send(notification(delivery));
        records.put({ ...delivery, state: "sent" });
      }
    }
  };

  return {
    connect(socket) {
      let browser: string | undefined;
      const answer = (message: object): void => socket.send(JSON.stringify(message));

      const hello = (said: string | undefined): void => {
        // One that is not known here has lost nothing here: it gets another id, and subscribes anew.
        browser = said !== undefined && records.knowsBrowser(said) ? said : newBrowserId();
        connected.get(browser)?.close(1000, "Connected elsewhere");
        connected.set(browser, socket);
        answer({ messageType: "hello", uaid: browser, status: 200, use_webpush: true, broadcasts: {} });
        deliver(browser);
      };

      const register = (browser: string, channel: string, padded: string | undefined): void => {
        // Firefox pads what senders write without.
        const key = padded?.replace(/=+$/, "");
        const isKey = key === undefined || bytesOfBase64Url(key)?.length === 65;
        if (!channelPattern.test(channel) || !isKey) {
          answer({ messageType: "register", channelID: channel, status: 400 });
          return;
        }
        const token = records.subscriptionOf(browser, channel)?.token ?? toBase64Url(randomBytes(32));
        records.subscribe({ token, browser, channel, key });
        const pushEndpoint = endpointPrefix("simulator") + token;
        answer({ messageType: "register", channelID: channel, status: 200, pushEndpoint });
      };

      const unregister = (browser: string, channel: string): void => {
        const known = records.subscriptionOf(browser, channel);
        if (known) records.unsubscribe(known);
        answer({ messageType: "unregister", channelID: channel, status: 200 });
      };

      const acknowledge = (browser: string, version: string, code: number): void => {
        const delivery = records.get(version);
        if (delivery?.browser === browser) records.put({ ...delivery, state: "acknowledged", code });
      };

      return {
        receive(text) {
          const message = objectOf(parseJson(text));
          const channel = stringOf(message?.["channelID"]) ?? "";
          const type = message?.["messageType"] ?? (text === "{}" ? "ping" : undefined);
          if (type === "ping") socket.send("{}");
          else if (type === "hello" && browser === undefined) hello(stringOf(message?.["uaid"]));
          else if (browser === undefined) socket.close(protocolError, "Expected hello");
          else if (type === "register") register(browser, channel, stringOf(message?.["key"]));
          else if (type === "unregister") unregister(browser, channel);
          else if (type === "ack") {
            for (const { version, code } of objectsOf(message?.["updates"])) {
              acknowledge(browser, stringOf(version) ?? "", typeof code === "number" ? code : 100);
            }
          } else if (type === "nack") {
            const { version, code } = message ?? {};
            acknowledge(browser, stringOf(version) ?? "", typeof code === "number" ? code : 301);
          }
          // Lists that change for everybody, such as of certificates: there are none here, and so nothing to say.
          else if (type !== "broadcast_subscribe") socket.close(protocolError, "Unknown message");
        },
        closed() {
          if (browser !== undefined && connected.get(browser) === socket) connected.delete(browser);
        },
      };
    },

    push({ id, token, body, topic, ttlSeconds }) {
      const subscription = records.subscription(token);
      if (!subscription) return;
      const { browser, channel } = subscription;
      if (topic !== undefined) {
        for (const older of records.waiting(browser)) {
          if (older.topic === topic && older.channel === channel) records.put({ ...older, state: "replaced" });
        }
      }
      const isConnected = connected.has(browser);
      const expiresAtMs = nowMs() + ttlSeconds * 1000;
      // A TTL of zero is for a browser that is there (RFC 8030 section 5.2).
      const state = ttlSeconds === 0 && !isConnected ? "expired" : "waiting";
      records.put({ id, browser, channel, topic, expiresAtMs, state, body: toBase64Url(body) });
      deliver(browser);
    },

    forget() {
      for (const subscription of records.subscriptions()) records.unsubscribe(subscription);
      for (const socket of connected.values()) socket.close(1001, "Forgotten");
      connected.clear();
    },
  };
}

function notification({ id, channel, body }: PushDelivery): string {
  const content = body === "" ? {} : { data: body, headers: { encoding: "aes128gcm" } };
  return JSON.stringify({ messageType: "notification", channelID: channel, version: id, ...content });
}

function newBrowserId(): string {
  return [...randomBytes(16)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
