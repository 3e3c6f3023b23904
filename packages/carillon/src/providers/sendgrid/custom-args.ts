import { messageIdKey, ownPrefix } from "../../provider/correlation.ts";

/**
 * SendGrid flattens custom arguments into the event beside its own fields, which win.
 * https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event (read 2026-11-23)
 */
const eventFields: ReadonlySet<string> = /* @__PURE__ */ new Set(
  (
    "email timestamp event smtp-id category reason status response attempt ip useragent url url_offset tls asm_group_id " +
    "type bounce_classification pool send_at newsletter template_id singlesend_id singlesend_name post_type cert_err"
  ).split(" "),
);

function isEventField(name: string): boolean {
  return eventFields.has(name) || name.startsWith("sg_") || name.startsWith("marketing_campaign_");
}

/** Before the name of metadata that is called like a field of the event, such as `status`; decoded on its way back. */
const escapePrefix = `${ownPrefix}arg_`;

export function toCustomArgs(
  metadata: Readonly<Record<string, string>>,
  messageId: string,
): Readonly<Record<string, string>> {
  return Object.fromEntries([
    ...Object.entries(metadata).map(([key, value]) => [isEventField(key) ? escapePrefix + key : key, value]),
    [messageIdKey, messageId],
  ]);
}

/** What of an event's top level is not SendGrid's own. */
export function readCustomArgs(event: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(event)
      .filter(([name]) => !isEventField(name))
      .map(([name, value]) => [name.startsWith(escapePrefix) ? name.slice(escapePrefix.length) : name, value]),
  );
}
