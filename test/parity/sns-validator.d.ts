/** What the parity tests use of npm sns-validator 0.3.5, which has no types. */
declare module "sns-validator" {
  export default class MessageValidator {
    validate(message: string, callback: (error: Error | null, message?: unknown) => void): void;
  }
}
