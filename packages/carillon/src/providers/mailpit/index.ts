export type { MailpitOptions } from "./options.ts";
export { mailpit } from "./provider.ts";
export { settings } from "./settings.ts";
