import official from "web-push";
import { buildMany, type Material } from "./webpush-worker.ts";

/** Builds as many requests as it is asked for, with web-push, which needs Node compatibility. */
export default {
  fetch: (request: Request): Promise<Response> =>
    buildMany(request, ({ vapid, to, payload }: Material) => {
      official.generateRequestDetails(to, payload, { vapidDetails: vapid, TTL: 60 });
    }),
};
