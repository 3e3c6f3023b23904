import type { ChannelId, Message } from "../channels/channel.ts";
import type { Provider } from "./contract.ts";
import type { FieldProblem } from "./message.ts";
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
  /** Where devices register by themselves, with an address that nobody has looked at. It needs what `send` needs. */
  readonly register?: { create(variables: Readonly<Record<string, string>>): Registrar<C> } | undefined;
}

/** What registers devices must know of a provider. */
export interface Registrar<C extends ChannelId = ChannelId> {
  /** Public keys that addresses are made with, each of which can be sent to: the first is for new ones. */
  readonly publicKeys: readonly string[];
  /** What keeps an address that its channel takes from ever being sent to. */
  check(to: Message<C>["to"]): Promise<readonly FieldProblem[]>;
}
