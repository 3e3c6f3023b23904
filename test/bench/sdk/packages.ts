import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../../scripts/run.ts";

/** Where the official SDKs are installed. */
export const testFolder: string = join(root, "test");

/** A provider of Carillon and the package that does the same: what an application imports of each. */
export interface Pair {
  readonly provider: string;
  readonly factory: string;
  readonly rival: string;
  /** ESM that exports what a send needs, and no more, so that bundlers can drop the rest. */
  readonly official: string;
}

function pair(provider: string, rival: string, official = `export { default } from "${rival}";`): Pair {
  return { provider, factory: provider, rival, official };
}

export const pairs: readonly Pair[] = [
  pair("resend", "resend", 'export { Resend } from "resend";'),
  pair("sendgrid", "@sendgrid/mail"),
  pair("postmark", "postmark", 'export { ServerClient } from "postmark";'),
  pair("ses", "@aws-sdk/client-sesv2", 'export { SendEmailCommand, SESv2Client } from "@aws-sdk/client-sesv2";'),
  pair("mailgun", "mailgun.js"),
  pair("twilio", "twilio"),
  pair("slack", "@slack/web-api", 'export { WebClient } from "@slack/web-api";'),
  pair("slack", "@slack/webhook", 'export { IncomingWebhook } from "@slack/webhook";'),
  pair("discord", "discord-webhook-ts"),
  pair("webpush", "web-push"),
  pair(
    "fcm",
    "firebase-admin",
    'export { initializeApp } from "firebase-admin/app"; export { getMessaging } from "firebase-admin/messaging";',
  ),
];

export function versionOf(name: string): string {
  const manifest = readFileSync(join(testFolder, "node_modules", name, "package.json"), "utf8");
  return (JSON.parse(manifest) as { readonly version: string }).version;
}
