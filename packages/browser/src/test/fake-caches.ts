/** Cache Storage in memory, with what the package uses of it. Addresses are of `https://app.example`. */
export function fakeCaches(): CacheStorage {
  const stored = new Map<string, string>();
  const urlOf = (key: RequestInfo | URL): string =>
    new URL(key instanceof URL || typeof key === "string" ? key : key.url, "https://app.example").href;
  const cache = {
    match: async (key: RequestInfo | URL) => {
      const text = stored.get(urlOf(key));
      return text === undefined ? undefined : new Response(text);
    },
    put: async (key: RequestInfo | URL, response: Response) => void stored.set(urlOf(key), await response.text()),
    delete: async (key: RequestInfo | URL) => stored.delete(urlOf(key)),
    keys: async () => [...stored.keys()].map((url) => ({ url })),
  };
  return { open: async () => cache } as unknown as CacheStorage;
}
