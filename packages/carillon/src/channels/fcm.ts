import type { Extras, MessageExtras } from "./channel.ts";

export type FcmTarget = { readonly token: string } | { readonly topic: string } | { readonly condition: string };

export interface FcmInput extends Extras {
  readonly channel: "fcm";
  readonly to: FcmTarget;
  readonly title?: string | undefined;
  readonly body?: string | undefined;
  readonly imageUrl?: string | undefined;
  readonly data?: Readonly<Record<string, string>> | undefined;
  /** Platform blocks as the HTTP v1 API has them. */
  readonly android?: Readonly<Record<string, unknown>> | undefined;
  readonly apns?: Readonly<Record<string, unknown>> | undefined;
  readonly webpush?: Readonly<Record<string, unknown>> | undefined;
  readonly collapseKey?: string | undefined;
  readonly ttlSeconds?: number | undefined;
  readonly priority?: "normal" | "high" | undefined;
}

export interface FcmMessage extends MessageExtras {
  readonly channel: "fcm";
  readonly to: FcmTarget;
  readonly title?: string | undefined;
  readonly body?: string | undefined;
  readonly imageUrl?: string | undefined;
  readonly data: Readonly<Record<string, string>>;
  readonly android?: Readonly<Record<string, unknown>> | undefined;
  readonly apns?: Readonly<Record<string, unknown>> | undefined;
  readonly webpush?: Readonly<Record<string, unknown>> | undefined;
  readonly collapseKey?: string | undefined;
  readonly ttlSeconds?: number | undefined;
  readonly priority?: "normal" | "high" | undefined;
}
