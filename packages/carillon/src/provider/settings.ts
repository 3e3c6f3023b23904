import type { ChannelId } from "../channels/channel.ts";
import type { Provider } from "./contract.ts";
import type { WebhookSource } from "./webhook.ts";

/**
 * How a deployment switches a provider on: names of the variables that its options are read from.
 * Data for the Worker, the CLI and the docs; nothing in the SDK reads an environment.
 */
export interface ProviderSettings<C extends ChannelId = ChannelId> {
  readonly id: string;
  readonly name: string;
  readonly channel: C;
  /** The provider's documentation. */
  readonly docs: string;
  /** How far a message is ever known to have got, where its events come: what one can wait for. */
  readonly reports: readonly ("delivered" | "opened" | "clicked")[];
  readonly send: {
    /** All must be there for the provider to be switched on. */
    readonly required: readonly string[];
    readonly optional: readonly string[];
    create(variables: Readonly<Record<string, string>>): Provider<C>;
  };
  readonly receive?:
    | {
        /** Alternatives: the first set that is there whole is used. */
        readonly required: readonly (readonly string[])[];
        create(variables: Readonly<Record<string, string>>): WebhookSource;
      }
    | undefined;
}
