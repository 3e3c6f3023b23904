export type { SmtpOptions } from "./options.ts";
export { smtp } from "./provider.ts";
export { settings } from "./settings.ts";
