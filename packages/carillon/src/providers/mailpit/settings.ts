import type { ProviderSettings } from "../../provider/settings.ts";
import { mailpit } from "./provider.ts";

export const settings: ProviderSettings<"email"> = {
  id: "mailpit",
  name: "Mailpit",
  channel: "email",
  docs: "https://mailpit.axllent.org/docs/",
  reports: [],
  send: {
    required: ["MAILPIT_BASE_URL"],
    optional: ["MAILPIT_USERNAME", "MAILPIT_PASSWORD"],
    create: (variables) =>
      mailpit({
        baseUrl: variables["MAILPIT_BASE_URL"] ?? "",
        username: variables["MAILPIT_USERNAME"] || undefined,
        password: variables["MAILPIT_PASSWORD"] || undefined,
      }),
  },
};
