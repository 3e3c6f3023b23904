export { CheckError, type Check } from "./check.ts";
export {
  fakeFetch,
  fakeProvider,
  type FakeProvider,
  type FakeProviderOptions,
  type FakeReceived,
} from "./fake-provider.ts";
export type { FixtureFiles } from "./fixture-folders.ts";
export { formatRequest, parseHttpFixture, responseOf, type HttpFixture } from "./http-fixture.ts";
export { fixtureContext, messageOf, providerChecks, type ProviderSuite } from "./provider-checks.ts";
export { webhookChecks, type OfferedSecret, type WebhookSuite } from "./webhook-checks.ts";
export {
  basicKey,
  ecdsaTestKeys,
  headerKey,
  standardWebhooksKey,
  timestampEcdsaKey,
  type EcdsaTestKey,
  type Proof,
  type WebhookKey,
  type WebhookParts,
} from "./webhook-keys.ts";
export { fixtureTime } from "./webhook-trial.ts";
