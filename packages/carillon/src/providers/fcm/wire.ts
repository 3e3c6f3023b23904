/** What travels to FCM. https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages (read 2026-11-23). */
import type { FcmTarget } from "../../channels/fcm.ts";

/** As its caller wrote it, in snake_case or camelCase: the API reads both. */
export type FcmBlock = Readonly<Record<string, unknown>>;

export type FcmWireMessage = FcmTarget & {
  readonly notification?:
    | { readonly title?: string | undefined; readonly body?: string | undefined; readonly image?: string | undefined }
    | undefined;
  readonly data: Readonly<Record<string, string>>;
  readonly android?: FcmBlock | undefined;
  readonly apns?: FcmBlock | undefined;
  readonly webpush?: FcmBlock | undefined;
  readonly fcm_options?: { readonly analytics_label?: unknown } | undefined;
};

/** Body of `messages:send`. */
export interface FcmSend {
  readonly message: FcmWireMessage;
  readonly validate_only?: true | undefined;
}

/** Body of `v1:batchAdd` and `v1:batchRemove`. */
export interface FcmTopicChange {
  /** `/topics/<name>` */
  readonly to: string;
  /** Up to 1,000. */
  readonly registration_tokens: readonly string[];
}
