/** A process that sends to a list of subscriptions with `web-push`, in a loop, so many at a time. */
import { simulatorCredentials } from "@carillon/simulator";
import webPush from "web-push";
import { agentTo } from "../sdk/agent.ts";
import type { Subscription } from "../sdk/subscriptions.ts";

export interface RivalWork {
  readonly sink: string;
  readonly subscriptions: readonly Subscription[];
  readonly payload: string;
  readonly inFlight: number;
}

const { vapidSubject: subject, vapidPublicKey: publicKey, vapidPrivateKey: privateKey } = simulatorCredentials.webpush;

async function send({ sink, subscriptions, payload, inFlight }: RivalWork): Promise<void> {
  const options = { vapidDetails: { subject, publicKey, privateKey }, agent: agentTo(sink) };
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let one = subscriptions[next++]; one !== undefined; one = subscriptions[next++]) {
      await webPush.sendNotification(one, payload, options);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  const tookMs = performance.now() - start;
  const { user, system } = process.cpuUsage(cpuBefore);
  process.send?.({ tookMs, cpuMs: (user + system) / 1000, peakMb: process.resourceUsage().maxRSS / 1024 });
}

process.on("message", (work: RivalWork) => void send(work));
process.on("disconnect", () => process.exit());
