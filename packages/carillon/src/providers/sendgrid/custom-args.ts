import { messageIdKey } from "../../provider/correlation.ts";

/**
 * SendGrid flattens custom arguments into the event beside its own fields, which win.
 * https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event (read 2026-11-23)
 */
const eventField =
  /^(email|timestamp|event|smtp-id|category|reason|status|response|attempt|ip|useragent|url|url_offset|tls|asm_group_id|type|bounce_classification|pool|cert_err|send_at|newsletter|template_id|(sg|marketing_campaign|singlesend)_.*)$/;

/** Before the name of metadata that is called like a field of the event, such as `status`; taken off on its way back. */
const escapePrefix = "carillon_arg_";

export function toCustomArgs(
  metadata: Readonly<Record<string, string>>,
  messageId: string,
): Readonly<Record<string, string>> {
  const escape = (key: string): string =>
    eventField.test(key) || key.startsWith(escapePrefix) ? escapePrefix + key : key;
  return Object.fromEntries([
    ...Object.entries(metadata).map(([key, value]) => [escape(key), value]),
    [messageIdKey, messageId],
  ]);
}

/** What of an event's top level is not SendGrid's own. */
export function readCustomArgs(event: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(event)
      .filter(([name]) => !eventField.test(name))
      .map(([name, value]) => [name.startsWith(escapePrefix) ? name.slice(escapePrefix.length) : name, value]),
  );
}
