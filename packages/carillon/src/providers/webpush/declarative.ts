import { type OptionRules, text as filled } from "../../provider/options.ts";
import { entryOf } from "../../provider/reading.ts";
import { problemsOf, type Rule } from "../../rule/rule.ts";
import { isObject, list, oneOf, optional as maybe, text, value, whole } from "../../rule/rules.ts";

const string: Rule = /* @__PURE__ */ text("text", /^/);
const url: Rule = /* @__PURE__ */ text("an absolute URL", /./, (input) => URL.canParse(input));
export const boolean: Rule = /* @__PURE__ */ value("true or false", (input) => typeof input === "boolean");
const count: Rule = /* @__PURE__ */ whole(0, 1e15);

/** An object with these members, and any others. */
// @__NO_SIDE_EFFECTS__
function members(required: OptionRules, optional: OptionRules = {}): Rule {
  const ruleOf = (name: string): Rule => entryOf(required, name) ?? maybe(entryOf(optional, name) ?? (() => true));
  return (input) => (isObject(input) ? (problemsOf(input, required, ruleOf)[0] ?? true) : "an object");
}

/**
 * What a browser takes for a declarative notification. One member of a wrong type, and it is none at all. Members that are
 * not known pass: what is not for the browser is for the service worker.
 *
 * Source: https://w3c.github.io/push-api/#declarative-push-message and WebKit's NotificationJSONParser.cpp (read 2026-11-23)
 */
export const notificationRule: Rule = /* @__PURE__ */ maybe(
  /* @__PURE__ */ members(
    { title: filled, navigate: url },
    {
      dir: /* @__PURE__ */ oneOf("auto", "ltr", "rtl"),
      lang: string,
      body: string,
      tag: string,
      icon: url,
      image: url,
      badge: url,
      silent: boolean,
      renotify: boolean,
      requireInteraction: boolean,
      mutable: boolean,
      timestamp: count,
      app_badge: count,
      actions: /* @__PURE__ */ list(/* @__PURE__ */ members({ action: string, title: filled, navigate: url }), 100),
    },
  ),
);

/**
 * The payload: a browser that knows Declarative Web Push shows it by itself, and to a service worker it is plain JSON.
 * WebKit of 2025 read `app_badge` and `mutable` inside of the notification, the standard has them beside it: both stand.
 */
export function declarativePayload(notification: Readonly<Record<string, unknown>>): string {
  const { app_badge, mutable } = notification;
  return JSON.stringify({ web_push: 8030, notification, app_badge, mutable });
}
