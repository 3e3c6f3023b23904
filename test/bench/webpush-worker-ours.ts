import { webpush } from "carillon/providers/webpush";
import { buildMany, type Material } from "./webpush-worker.ts";

let provider: ReturnType<typeof webpush> | undefined;

/** Builds as many requests as it is asked for, with Carillon. */
export default {
  fetch: (request: Request): Promise<Response> =>
    buildMany(request, async ({ vapid, to, payload }: Material) => {
      provider ??= webpush({ vapid });
      const message = provider.channel.normalise({ channel: "webpush", to, payload, ttlSeconds: 60 });
      const built =
        "ok" in message
          ? message
          : await provider.buildRequest(message, {
              messageId: "msg_1",
              idempotencyKey: "key_1",
              now: new Date(),
              token: undefined,
              random: (length) => crypto.getRandomValues(new Uint8Array(length)),
            });
      if (!("body" in built) || built.body === undefined) throw new Error("No request was built");
    }),
};
