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

/** What may differ by provider. */
export interface ProviderSettings extends WebhookSettings {
  /** More requests than the provider allows get its 429, where its route says how many that are. */
  readonly rateLimits: boolean;
}

export interface Settings extends ProviderSettings {
  /** By provider's id: what differs from the rest. */
  readonly providers: Readonly<Record<string, Partial<ProviderSettings>>>;
}

export const defaultSettings: Settings = {
  delayMs: 0,
  duplicate: false,
  shuffle: false,
  retryDelaysMs: [1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 300_000],
  rateLimits: false,
  providers: {},
};

const milliseconds = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(86_400_000));

const providerEntries = {
  delayMs: v.exactOptional(milliseconds),
  duplicate: v.exactOptional(v.boolean()),
  shuffle: v.exactOptional(v.boolean()),
  retryDelaysMs: v.exactOptional(v.pipe(v.array(milliseconds), v.maxLength(20))),
  rateLimits: v.exactOptional(v.boolean()),
};

/** Settings as they are put; what is left out has its default. */
export const settingsSchema: v.GenericSchema<unknown, Partial<Settings>> = v.strictObject({
  ...providerEntries,
  providers: v.exactOptional(v.record(v.string(), v.strictObject(providerEntries))),
});

/** What holds for one provider. */
export function providerSettings(settings: Settings, provider: string): ProviderSettings {
  return { ...settings, ...settings.providers[provider] };
}
