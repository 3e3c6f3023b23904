import * as v from "valibot";

/** How webhooks are sent. */
export interface WebhookSettings {
  /** Wait between a message and its first event. */
  readonly delayMs: number;
  /** Each event is delivered twice, under the same id. */
  readonly duplicate: boolean;
  /** The events of a request are delivered in another order than they happened in. */
  readonly shuffle: boolean;
  /** Waits before each further try, where the provider tries again at all. Shorter than the providers' own, which take hours. */
  readonly retryDelaysMs: readonly number[];
}

export interface Settings extends WebhookSettings {
  /** By provider's id: what differs from the rest. */
  readonly providers: Readonly<Record<string, Partial<WebhookSettings>>>;
}

export const defaultSettings: Settings = {
  delayMs: 0,
  duplicate: false,
  shuffle: false,
  retryDelaysMs: [1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 300_000],
  providers: {},
};

const milliseconds = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(86_400_000));

const webhookEntries = {
  delayMs: v.exactOptional(milliseconds),
  duplicate: v.exactOptional(v.boolean()),
  shuffle: v.exactOptional(v.boolean()),
  retryDelaysMs: v.exactOptional(v.pipe(v.array(milliseconds), v.maxLength(20))),
};

/** Settings as they are put; what is left out has its default. */
export const settingsSchema: v.GenericSchema<unknown, Partial<Settings>> = v.strictObject({
  ...webhookEntries,
  providers: v.exactOptional(v.record(v.string(), v.strictObject(webhookEntries))),
});

/** What holds for one provider. */
export function webhookSettings(settings: Settings, provider: string): WebhookSettings {
  return { ...settings, ...settings.providers[provider] };
}
