import type { MessageContent } from "../message.ts";
import { memoryStore } from "../store/memory.ts";
import type { Acceptance, Store } from "../store/store.ts";

/** An accepted request with one message. */
export function acceptanceOf(content: MessageContent, providerMessageId = "p1"): Acceptance {
  return {
    provider: content.kind,
    receivedAtMs: 1_700_000_000_000,
    request: { method: "POST", url: "https://api.example/send", headers: [], body: "{}" },
    entries: [
      { message: { providerMessageId, content, metadata: {}, tags: [], recipients: ["someone"] }, webhooks: [] },
    ],
  };
}

/** A store that has these messages. */
export function storeWith(...contents: readonly MessageContent[]): Store {
  const store = memoryStore();
  for (const content of contents) store.accept(acceptanceOf(content));
  return store;
}

/** Text that breaks out of an element, an attribute, a style or a URL where it is not escaped. */
export const hostile = `"><script>alert(1)</script><img src=x onerror='alert(2)'>{{</style>`;
