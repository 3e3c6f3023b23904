export { createSimulator, type Delivered, namesProvider, type Simulator, type SimulatorOptions } from "./simulator.ts";
export { simulatorCredentials } from "./credentials.ts";
export { ConnectionCut, isConnectionCut } from "./http/exchange.ts";
export { outcomeNames, simulatorDomain, type SimulatedEventType } from "./outcome.ts";
export { type FakeBrowser, fakeBrowser, type FakeSubscription, type SubscribeOptions } from "./push/fake-browser.ts";
export type { BrowserConnection, BrowserSocket, Push } from "./push/autopush.ts";
export type { BrowserKeys } from "./push/keys.ts";
export type { RealSubscription } from "./push/records.ts";
export type { PushService } from "./push/services.ts";
export type { Fault, FaultInput } from "./fault.ts";
export type { ProviderSettings, Settings, WebhookSettings } from "./settings.ts";
export type {
  AcceptedMessage,
  Attachment,
  DiscordContent,
  EmailContent,
  FcmContent,
  JsonObject,
  Mailbox,
  MessageContent,
  MessageSummary,
  OtherRequest,
  RecordedMessage,
  RecordedRequest,
  SlackContent,
  SmsContent,
  WebPushContent,
} from "./message.ts";
export type {
  Answer,
  ApiRequest,
  Edit,
  Handled,
  Known,
  Route,
  RouteWebhook,
  SignedWebhook,
  SimulatedEvent,
  WebhookDelivery,
} from "./route.ts";
export { memoryStore } from "./store/memory.ts";
export { sqlStore } from "./store/sql.ts";
export type { SqlDatabase } from "./store/sql-database.ts";
export type {
  Acceptance,
  MessageFilter,
  NewWebhook,
  Remembered,
  Store,
  WebhookAttempt,
  WebhookRecord,
  WebhookState,
  WitnessSummary,
} from "./store/store.ts";
export type { Page } from "./store/page.ts";
export type { Dispatcher, Fetch } from "./webhook/dispatcher.ts";
