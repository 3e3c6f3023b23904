import { messageIdKey } from "../../provider/correlation.ts";

/**
 * Names that metadata must not have. SendGrid flattens custom arguments into the event beside its own fields, which win:
 * asm_group_id attempt bounce_classification category cert_err email event ip marketing_campaign_* newsletter pool reason
 * response send_at sg_* singlesend_* smtp-id status template_id timestamp tls type url url_offset useragent. They are
 * known by how they begin, so that a new `sg_...` or `bounce_...` is none of ours either.
 * https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event (read 2026-11-23)
 */
const escaped =
  /^(asm|att|bounce|cat|cert|email|event|ip|mark|news|pool|reas|resp|send|sg|sing|smtp|stat|temp|time|tls|type|url|usera|carillon_arg)/;

/** Before such a name, `status` for one; taken off on its way back. */
const escapePrefix = "carillon_arg_";

export function toCustomArgs(
  metadata: Readonly<Record<string, string>>,
  messageId: string,
): Readonly<Record<string, string>> {
  const entries = Object.entries(metadata).map(([key, value]) => [escaped.test(key) ? escapePrefix + key : key, value]);
  return Object.fromEntries([...entries, [messageIdKey, messageId]]);
}

/** What of an event's top level is not SendGrid's own. */
export function readCustomArgs(event: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(event)
      .filter(([name]) => name.startsWith(escapePrefix) || !escaped.test(name))
      .map(([name, value]) => [name.replace(/^carillon_arg_/, ""), value]),
  );
}
