export interface Env {
  /** Of `SimulatorStore`, which is called by `fetch` alone. */
  readonly STORE: DurableObjectNamespace;
  /** Base URL of the webhooks' receiver. Without it, and without `NOTIFY`, none is sent. */
  readonly WEBHOOK_TARGET?: string;
  /** Carries the webhooks when it is bound, whatever the base URL's host. */
  readonly NOTIFY?: Fetcher;
}
