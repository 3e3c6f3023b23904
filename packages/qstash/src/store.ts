/**
 * Where messages are kept while only a reference travels through QStash: a Cloudflare KV namespace as it is, or a few lines
 * around any database. Entries should expire some time after the last retry: nothing here deletes them, because QStash may
 * deliver a message again after it was sent.
 */
export interface MessageStore {
  put(key: string, value: string): Promise<unknown>;
  /** Nothing when there is no such entry. */
  get(key: string): Promise<string | null | undefined>;
}
