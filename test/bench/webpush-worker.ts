/** What one message is made of. */
export interface Material {
  readonly vapid: { readonly subject: string; readonly publicKey: string; readonly privateKey: string };
  readonly to: { readonly endpoint: string; readonly keys: { readonly p256dh: string; readonly auth: string } };
  readonly payload: string;
}

/** What a Worker is asked to do; time is taken outside of it, since inside none passes. */
export interface Order extends Pick<Material, "vapid" | "payload"> {
  readonly subscriptions: readonly Material["to"][];
  readonly count: number;
  readonly inFlight: number;
}

/** Builds the ordered number of requests, so many at a time. */
export async function buildMany(
  request: Request,
  build: (material: Material) => Promise<void> | void,
): Promise<Response> {
  const { vapid, payload, subscriptions, count, inFlight }: Order = await request.json();
  let built = 0;
  const worker = async (): Promise<void> => {
    while (built < count) {
      const to = subscriptions[built++ % subscriptions.length];
      if (to) await build({ vapid, to, payload });
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return new Response(String(built));
}
