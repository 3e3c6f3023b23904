import { exceededPayloadBytes } from "../receipts/payload.ts";
import type { Settings } from "../settings.ts";

/** Refuses a payload that no push service would take, unless the caller said that it may be left out then. */
export function checkPushSize(
  content: Readonly<Record<string, unknown>>,
  settings: Settings,
  reject: (field: string, detail: string) => void,
): void {
  const { payload, notification, providerOptions } = content as {
    readonly payload?: unknown;
    readonly notification?: Readonly<Record<string, unknown>>;
    readonly providerOptions?: { readonly webpush?: { readonly withoutPayloadIfTooLarge?: unknown } | null } | null;
  };
  if (providerOptions?.webpush?.withoutPayloadIfTooLarge === true) return;
  // What is no notification at all, the channel says.
  if (notification !== undefined && (typeof notification !== "object" || notification === null)) return;
  const most = exceededPayloadBytes(settings, { payload, notification });
  if (most === undefined) return;
  const field = notification === undefined ? "payload" : "notification";
  const ways = "or `providerOptions.webpush.withoutPayloadIfTooLarge`";
  reject(`content.${field}`, `expected at most ${most} bytes as JSON in UTF-8, ${ways}`);
}
