import type { Store } from "@carillon/simulator";

/** Says nothing of where a message got to. */
const silent = new Set(["unsubscribed"]);

/** What the providers did with a message. */
export interface Story {
  /** Providers that took it, each time that one did. */
  readonly takenBy: readonly string[];
  /** The status that it should have: where its story ended, as far as it was told and the service took it. */
  readonly status: string;
}

/** By Carillon's id, what the simulator's records say. Of the service's own code nothing is used here. */
export function storiesOf(store: Store): ReadonlyMap<string, Story> {
  const stories = new Map<string, Story & { readonly lengthMs: number }>();
  for (const { id, messageId, provider, receivedAtMs } of allMessages(store)) {
    if (messageId === undefined) continue;
    const told = store
      .webhooksOf([id])
      .filter(({ state, event }) => state === "delivered" && !silent.has(event.type))
      .toSorted((a, b) => a.event.atMs - b.event.atMs);
    const last = told.at(-1)?.event;
    const lengthMs = last === undefined ? -1 : last.atMs - receivedAtMs;
    const earlier = stories.get(messageId);
    const takenBy = [...(earlier?.takenBy ?? []), provider];
    // All copies have one address, and with it one story: who tells more of it has come further.
    const further =
      earlier !== undefined && earlier.lengthMs >= lengthMs ? earlier : { status: last?.type ?? "sent", lengthMs };
    stories.set(messageId, { ...further, takenBy });
  }
  return stories;
}

function* allMessages(store: Store): Generator<ReturnType<Store["messages"]>["items"][number]> {
  let cursor: string | undefined;
  do {
    const page = store.messages({}, 500, cursor);
    yield* page.items;
    cursor = page.next;
  } while (cursor !== undefined);
}
