/** What providers share, for those that are packages of their own. */
export { failed, type Meanings } from "./failure.ts";
export { refusal, type FieldProblem } from "./message.ts";
export { checkOptions, text, type OptionRules } from "./options.ts";
export { matches, recordOf, textOf } from "./reading.ts";
