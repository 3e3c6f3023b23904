export { unfoldable } from "./encoded-word.ts";
export { mimeMessage } from "./message.ts";
