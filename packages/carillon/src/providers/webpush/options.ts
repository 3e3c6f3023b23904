import { publicKeyRule } from "../../channels/webpush.ts";
import { type OptionRules, text as account } from "../../provider/options.ts";
import type { Rule } from "../../rule/rule.ts";
import { either, list, object, text, value, whole } from "../../rule/rules.ts";
import { boolean } from "./declarative.ts";
import { maxPayloadBytes } from "./encrypt.ts";
import { isPrivateKey, type VapidKeys } from "./vapid.ts";

export interface WebPushOptions {
  /**
   * The keys; or several, the current ones first. A browser's subscription works with the key alone that it was made
   * with, and names it in `applicationServerKey`; one that names none gets the first.
   */
  readonly vapid: VapidKeys | readonly [VapidKeys, ...VapidKeys[]];
  /**
   * Asked about endpoints at hosts that are no known push service, which are refused otherwise: a subscription comes from a
   * browser, and its endpoint may be any URL. IP addresses and private names are refused without being asked about.
   */
  readonly allowEndpoint?: ((endpoint: URL) => boolean) | undefined;
  /** Payloads get at least this long, up to 3993 bytes, so that the push service does not learn how long they are. @default 0 */
  readonly padToBytes?: number | undefined;
  /** Tells several senders apart. @default "default" */
  readonly account?: string | undefined;
}

/** `providerOptions.webpush` of a message. */
export interface WebPushMessageOptions {
  /** Takes the place of the factory's. */
  readonly padToBytes?: number | undefined;
  /**
   * A payload that is too large (more than 3993 bytes) is left out, so that the service worker gets a push without one, in
   * place of the message being refused.
   */
  readonly withoutPayloadIfTooLarge?: boolean | undefined;
}

const pairRule: Rule = /* @__PURE__ */ object({
  subject: /* @__PURE__ */ text(
    "a mailto: or https: URL, not at localhost",
    /^(mailto:[^\s<>@]+@|https:\/\/)(?!localhost\b)[^\s<>@]+$/,
  ),
  publicKey: publicKeyRule,
  privateKey: /* @__PURE__ */ value(
    "32 bytes in base64url, or a function",
    (input) => typeof input === "function" || isPrivateKey(input),
  ),
});

const padToBytes: Rule = /* @__PURE__ */ whole(0, maxPayloadBytes);

export const factoryRules: OptionRules = {
  vapid: /* @__PURE__ */ either(
    (input) => Array.isArray(input) && input.length > 0,
    /* @__PURE__ */ list(pairRule, 100),
    pairRule,
  ),
};

export const optionalRules: OptionRules = {
  allowEndpoint: /* @__PURE__ */ value("a function", (input) => typeof input === "function"),
  padToBytes,
  account,
};

export const messageRules: OptionRules = {
  padToBytes,
  withoutPayloadIfTooLarge: boolean,
};
