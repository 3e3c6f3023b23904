import type { ProviderSettings } from "carillon";
import type { SmtpOptions } from "./options.ts";
import { smtp } from "./provider.ts";

export const settings: ProviderSettings<"email"> = {
  id: "smtp",
  name: "SMTP",
  channel: "email",
  docs: "https://www.rfc-editor.org/rfc/rfc6409",
  reports: [],
  send: {
    required: ["SMTP_HOST"],
    optional: ["SMTP_PORT", "SMTP_USERNAME", "SMTP_PASSWORD", "SMTP_SECURITY"],
    create: (variables) =>
      smtp({
        host: variables["SMTP_HOST"] ?? "",
        port: variables["SMTP_PORT"] ? Number(variables["SMTP_PORT"]) : undefined,
        security: (variables["SMTP_SECURITY"] || undefined) as SmtpOptions["security"],
        username: variables["SMTP_USERNAME"] || undefined,
        password: variables["SMTP_PASSWORD"] || undefined,
      }),
  },
};
