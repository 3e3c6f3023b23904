/** Bindings and variables. Everything a provider needs comes as further variables, named in its `settings`. */
export interface Env {
  readonly DB: D1Database;
  /** Of `Ledger`; called through `ledger/shards.ts`, which knows its methods. */
  readonly LEDGER: DurableObjectNamespace;
  /** Of `Lane`, one for each provider account; called through `lane/lanes.ts`. */
  readonly LANE: DurableObjectNamespace;
  /** The simulator, in development only: a production deployment that has it refuses requests. */
  readonly SIMULATOR?: Fetcher;
  /** `production`, `staging` or `development`. Unset or unknown captures everything. */
  readonly ENVIRONMENT?: string;
  /** JSON: `{"allow":{"email":["*@example.com"]}}` or `{"redirect":{"email":"team@example.com"}}`; not in production. */
  readonly GUARD?: string;
  /** `paid` (default), or `free`: shrinks chunks to the 50 subrequests of Cloudflare's Free plan. */
  readonly PLAN?: string;
  /** Number of ledger shards, fixed at the first deploy. Default 16. */
  readonly SHARDS?: string;
  /** `resend` (default: at least once) or `hold`: what becomes of a message that may have been sent. */
  readonly ON_UNKNOWN?: string;
  /** JSON: `{"sms":{"maxTries":5,"maxAge":"30m"}}`; what it does not name has the defaults of `dispatch/budgets.ts`. */
  readonly RETRY_BUDGETS?: string;
  /** JSON: `{"resend:default":{"perSecond":10,"burst":20}}`, by lane; else what the provider documents. */
  readonly RATES?: string;
  /** Days after which finished messages are deleted, 7 at least. Default 90. */
  readonly RETENTION_DAYS?: string;
  /** Provider ids in order of preference, comma-separated; all that have their secrets when absent. */
  readonly PROVIDERS?: string;
  /** JSON: categories of notifications beside `transactional` and `marketing`, see `suppress/category.ts`. */
  readonly CATEGORIES?: string;
  /** `https://notify.example.com`: where this Worker is reached, by recipients' links to unsubscribe and by QStash. */
  readonly PUBLIC_URL?: string;
  /** Who wakes shards: `alarm` (default: themselves), or `qstash`, with `PUBLIC_URL` and the following. */
  readonly SCHEDULER?: string;
  readonly QSTASH_TOKEN?: string;
  /** Of the token's region. Default `https://qstash.upstash.io`, in Europe. */
  readonly QSTASH_URL?: string;
  readonly QSTASH_CURRENT_SIGNING_KEY?: string;
  readonly QSTASH_NEXT_SIGNING_KEY?: string;
  /** `2027:secret,2026:older secret`: the first signs links to unsubscribe, all are known. Keep old ones for years. */
  readonly UNSUBSCRIBE_KEYS?: string;
  /** As the one before: what signs receipts, by which browsers acknowledge push messages. Needs `PUBLIC_URL`. */
  readonly PUSH_RECEIPT_KEYS?: string;
  /** `2027:secret,2026:older secret`: what the app's server signs recipient tokens with; all are known. */
  readonly RECIPIENT_TOKEN_KEYS?: string;
  /** `2027:secret,2026:older secret`: turn addresses of people who were erased into hashes. Keep old ones for good. */
  readonly ERASURE_KEYS?: string;
  /** `https://app.example.com,...`: whose pages may call what browsers are meant to call. */
  readonly ALLOWED_ORIGINS?: string;
  /** An unguessable part of the webhooks' URLs, for providers that do not sign; several, by commas, while it changes. */
  readonly WEBHOOK_LOCK?: string;
  /** Ports that apps may be told on beside 443, comma-separated. */
  readonly ENDPOINT_PORTS?: string;
  /** `allow`: apps on this machine may be told, over http too. In development only. */
  readonly ENDPOINT_LOOPBACK?: string;
  /** The first API key, with every scope; a secret of at least 24 characters. */
  readonly ADMIN_API_KEY?: string;
}
