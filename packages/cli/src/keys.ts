import { randomBytes } from "node:crypto";
import webPush from "web-push";

/** Variables of a deployment, by name. */
export type Variables = Readonly<Record<string, string>>;

export interface KeyOptions {
  /** Of a VAPID key pair: whom a push service may write to. */
  readonly subject?: string | undefined;
  /** Of a key that is known by a name. */
  readonly id?: string | undefined;
  readonly now: Date;
}

export interface KeyKind {
  readonly name: string;
  readonly help: string;
  /** Which of the options it takes. */
  readonly takes: readonly ("subject" | "id")[];
  /** Throws {@link UsageError} for an option that cannot be. */
  readonly make: (options: KeyOptions) => Variables;
}

/** What the caller wrote cannot be done; the message says what would be. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** As the Worker and the SDK take it. */
const subjectPattern = /^(mailto:[^\s<>@]+@|https:\/\/)(?!localhost\b)[^\s<>@]+$/;

const idPattern = /^[\w-]{1,16}$/;

/** 256 bits, of letters that need no quotes in a shell, a variable or a URL. */
const secret = (): string => randomBytes(32).toString("base64url");

export const keyKinds: readonly KeyKind[] = [
  {
    name: "vapid",
    help: "a key pair for Web Push",
    takes: ["subject"],
    make({ subject }) {
      if (subject !== undefined && !subjectPattern.test(subject)) {
        throw new UsageError("--subject: expected a mailto: or https: URL, not at localhost");
      }
      const { publicKey, privateKey } = webPush.generateVAPIDKeys();
      return {
        ...(subject === undefined ? {} : { WEBPUSH_VAPID_SUBJECT: subject }),
        WEBPUSH_VAPID_PUBLIC_KEY: publicKey,
        WEBPUSH_VAPID_PRIVATE_KEY: privateKey,
      };
    },
  },
  {
    name: "unsubscribe",
    help: "a key that signs links to unsubscribe",
    takes: ["id"],
    make: (options) => ({ UNSUBSCRIBE_KEYS: named(options) }),
  },
  {
    name: "recipient-token",
    help: "a key that signs recipients' tokens",
    takes: ["id"],
    make: (options) => ({ RECIPIENT_TOKEN_KEYS: named(options) }),
  },
  {
    name: "webhook-lock",
    help: "an unguessable part of the webhooks' URLs",
    takes: [],
    make: () => ({ WEBHOOK_LOCK: secret() }),
  },
  {
    name: "admin",
    help: "the first API key, with every scope",
    takes: [],
    make: () => ({ ADMIN_API_KEY: `crl_${secret()}` }),
  },
];

/** Several keys live together while one takes the place of another, each under a name. */
function named({ id, now }: KeyOptions): string {
  if (id !== undefined && !idPattern.test(id)) {
    throw new UsageError("--id: expected 1 to 16 of A-Z, a-z, 0-9, _ and -");
  }
  return `${id ?? now.toISOString().slice(0, 7)}:${secret()}`;
}
