export * from "./checks.ts";
export { describeProvider, describeWebhook } from "./describe.ts";
