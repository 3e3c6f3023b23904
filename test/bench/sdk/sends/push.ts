import { nodeFetch } from "@carillon/node";
import { simulatorCredentials } from "@carillon/simulator";
import { createNotifier, type NotifierOptions } from "carillon";
import { agentTo } from "../agent.ts";
import { type Case, type Once, reaches, type Setting, succeeded } from "../case.ts";
import { push } from "../content.ts";
import { inTurn, makeSubscriptions } from "../subscriptions.ts";

const inFlight = [1, 64];
const { serviceAccount } = simulatorCredentials.fcm;
const token = "delivered-benchmark";
const { title, body, data } = push;
const { vapidSubject: subject, vapidPublicKey: publicKey, vapidPrivateKey: privateKey } = simulatorCredentials.webpush;
const payload = JSON.stringify(push);
const ownAgent = { carillon: reaches.ownAgent, official: reaches.agent };
const ownFetch = { carillon: reaches.fetch, official: reaches.agent };

type Fetch = NonNullable<NotifierOptions["fetch"]>;

async function sendByFcm(options: { readonly baseUrl?: string; readonly fetch?: Fetch }): Promise<Once> {
  const { fcm } = await import("carillon/providers/fcm");
  const { baseUrl, fetch } = options;
  const notifier = createNotifier({ fcm: [fcm({ serviceAccount, baseUrl })], fetch });
  return async () => succeeded(await notifier.send({ channel: "fcm", to: { token }, title, body, data }));
}

async function sendByFirebase({ sink }: Setting): Promise<Once> {
  const { initializeApp } = await import("firebase-admin/app");
  const { getMessaging } = await import("firebase-admin/messaging");
  // Its token is got once, by a library that takes no agent: given, it costs nothing.
  const credential = { getAccessToken: () => Promise.resolve({ access_token: "ya29.benchmark", expires_in: 3599 }) };
  const options = { credential, httpAgent: agentTo(sink), projectId: serviceAccount.project_id };
  const messaging = getMessaging(initializeApp(options, crypto.randomUUID()));
  return () => messaging.send({ token, notification: { title, body }, data });
}

async function sendByWebPush(fetch: Fetch): Promise<Once> {
  const { webpush } = await import("carillon/providers/webpush");
  const notifier = createNotifier({ webpush: [webpush({ vapid: { subject, publicKey, privateKey } })], fetch });
  const next = inTurn(await makeSubscriptions(100));
  return async () => succeeded(await notifier.send({ channel: "webpush", to: next(), payload }));
}

async function sendByOfficialWebPush({ sink }: Setting): Promise<Once> {
  const { default: webPush } = await import("web-push");
  const options = { vapidDetails: { subject, publicKey, privateKey }, agent: agentTo(sink) };
  const next = inTurn(await makeSubscriptions(100));
  return () => webPush.sendNotification(next(), payload, options);
}

export const pushSends: readonly Case[] = [
  {
    name: "fcm, @carillon/node",
    rival: "firebase-admin",
    reach: ownAgent,
    inFlight,
    carillon: ({ sink }) => sendByFcm({ fetch: nodeFetch({ httpsAgent: agentTo(sink) }) }),
    official: sendByFirebase,
  },
  {
    name: "fcm",
    rival: "firebase-admin",
    reach: ownFetch,
    inFlight,
    carillon: ({ sink }) => sendByFcm({ baseUrl: sink }),
    official: sendByFirebase,
  },
  {
    name: "webpush, @carillon/node",
    rival: "web-push",
    reach: ownAgent,
    inFlight,
    carillon: ({ sink }) => sendByWebPush(nodeFetch({ httpsAgent: agentTo(sink) })),
    official: sendByOfficialWebPush,
  },
  {
    name: "webpush",
    rival: "web-push",
    reach: ownFetch,
    inFlight,
    // An endpoint's address is the browser's: there is no option for another one.
    carillon: ({ sink }) =>
      sendByWebPush((input, init) =>
        fetch(
          input.replace("https://fcm.googleapis.com", () => sink),
          init,
        ),
      ),
    official: sendByOfficialWebPush,
  },
];
