/** For providers that are packages of their own: what those of this package share. */
export { failed, here, type Meanings } from "./failure.ts";
export { formatMailbox, recipientCount } from "./mailbox.ts";
export { isOverBytes, refusal, refused, type FieldProblem } from "./message.ts";
export {
  accountRules,
  checkOptions,
  flag,
  isHeaderSafe,
  positive,
  record,
  secret,
  text,
  url,
  type OptionRules,
} from "./options.ts";
export type { Problem, Rule } from "../rule/rule.ts";
export { entryOf, filled, matches, recordOf, smtpCodeOf, textOf, timeOf } from "./reading.ts";
export { readSecret } from "./secret.ts";
