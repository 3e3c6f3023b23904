import { describe, test } from "vitest";
import type { ChannelId } from "carillon";
import type { Check } from "./check.ts";
import { providerChecks, type ProviderSuite } from "./provider-checks.ts";
import { webhookChecks, type WebhookSuite } from "./webhook-checks.ts";

/** Registers the checks of a provider with Vitest, one test each. */
export function describeProvider<C extends ChannelId>(suite: ProviderSuite<C>): void {
  describe("provider", () => register(providerChecks(suite)));
}

/** Registers the checks of a webhook receiver with Vitest, one test each. */
export function describeWebhook<O>(suite: WebhookSuite<O>): void {
  describe("webhook", () => register(webhookChecks(suite)));
}

function register(checks: readonly Check[]): void {
  for (const { name, run } of checks) test(name, run, 20_000);
}
