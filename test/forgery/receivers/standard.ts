import { standardWebhook } from "carillon/receivers/standard";
import type { Receiver } from "../receiver.ts";
import { sample } from "../receiver.ts";
import { standardReceiver } from "./standard-webhooks.ts";

export const receivers: readonly Receiver[] = [
  standardReceiver({
    name: "standard",
    provider: "standard",
    prefix: "webhook-",
    create: (secret) => standardWebhook({ secret }),
    samples: [sample("standard", "contact-created"), sample("standard", "without-type")],
    more: [sample("standard", "text")],
  }),
];
