import type { Covers } from "carillon";
import { base64, bytesOfBase64, encode, join } from "./bytes.ts";

/** A webhook before it is signed, or after. */
export interface WebhookParts {
  readonly method: string;
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** What proves a request, by name: the signature, and what is signed with it, such as a timestamp. */
export type Proof = Readonly<Record<string, string>>;

/** A secret from both sides: what the receiver is configured with, and how the provider signs with it. */
export interface WebhookKey<O = unknown> {
  /** What `create` is called with. */
  readonly option: O;
  /** The headers to set. Those already there may take part: an id that the fixture chose. With `place`, what it places. */
  sign(request: WebhookParts, at: Date): Proof | Promise<Proof>;
  /** Puts a proof into the request where it does not travel in headers. Undefined for a body that has no place for it. */
  readonly place?: ((request: WebhookParts, proof: Proof) => WebhookParts | undefined) | undefined;
  /**
   * With `covers: "fields"`, the fields that are covered beside the proof itself, by name, and the request with some of
   * them changed, or taken away where the value is undefined.
   */
  readonly fields?:
    | {
        read(request: WebhookParts): Readonly<Record<string, string>>;
        write(request: WebhookParts, changed: Readonly<Record<string, string | undefined>>): WebhookParts;
      }
    | undefined;
  /** What the events say is not covered, so that a captured signature must be recognised. Default: if the scheme can. */
  readonly replayGuard?: boolean | undefined;
  /** What the signature covers. Default: what the scheme says. Saying it here holds the scheme to it. */
  readonly covers?: Covers | undefined;
  /** How old or early the scheme's specification lets a timestamp be. Default: what the scheme says. */
  readonly toleranceSeconds?: number | undefined;
  /** One header's value out of several, where a request may carry several signatures. */
  readonly combine?: ((values: readonly string[]) => string) | undefined;
  /** The header that holds the signature: what `combine` is used on. */
  readonly signatureHeader?: string | undefined;
}

function secondsText(at: Date): string {
  return String(Math.floor(at.getTime() / 1000));
}

/** Standard Webhooks, symmetric. Keeps an id that the request has. */
export function standardWebhooksKey(options: {
  readonly secret: string;
  readonly headerPrefix: string;
  readonly toleranceSeconds?: number | undefined;
}): WebhookKey<string> {
  const { secret, headerPrefix: prefix, toleranceSeconds = 300 } = options;
  return {
    option: secret,
    covers: "body",
    toleranceSeconds,
    signatureHeader: `${prefix}signature`,
    combine: (values) => values.join(" "),
    async sign({ headers, body }, at) {
      const id = headers[`${prefix}id`] ?? "msg_2aBcDeFgHiJkLmNoPqRsTu";
      const key = await crypto.subtle.importKey(
        "raw",
        bytesOfBase64(secret.replace(/^whsec_/, "")),
        { name: "HMAC", hash: "SHA-256" },
        false,
        ["sign"],
      );
      const signed = join(encode(`${id}.${secondsText(at)}.`), body);
      const signature = base64(new Uint8Array(await crypto.subtle.sign("HMAC", key, signed)));
      return {
        [`${prefix}id`]: id,
        [`${prefix}timestamp`]: secondsText(at),
        [`${prefix}signature`]: `v1,${signature}`,
      };
    },
  };
}

export interface EcdsaTestKey {
  /** Base64 of the SPKI. */
  readonly publicKey: string;
  /** Base64 of the PKCS #8. */
  readonly privateKey: string;
}

/** ECDSA P-256 over the timestamp and the body, the signature in DER and base64, as SendGrid signs. */
export function timestampEcdsaKey(options: {
  readonly pair: EcdsaTestKey;
  readonly signatureHeader: string;
  readonly timestampHeader: string;
  readonly toleranceSeconds?: number | undefined;
}): WebhookKey<string> {
  const { pair, signatureHeader, timestampHeader, toleranceSeconds } = options;
  return {
    option: pair.publicKey,
    covers: "body",
    toleranceSeconds,
    signatureHeader,
    async sign({ body }, at) {
      const key = await crypto.subtle.importKey(
        "pkcs8",
        bytesOfBase64(pair.privateKey),
        { name: "ECDSA", namedCurve: "P-256" },
        false,
        ["sign"],
      );
      const signed = join(encode(secondsText(at)), body);
      const raw = new Uint8Array(await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key, signed));
      return { [signatureHeader]: base64(der(raw)), [timestampHeader]: secondsText(at) };
    },
  };
}

/** r || s as a DER sequence of two integers. */
function der(raw: Uint8Array): Uint8Array<ArrayBuffer> {
  const integers = [raw.slice(0, 32), raw.slice(32)].map((part) => {
    const digits = [...part].slice(part.findIndex((byte) => byte !== 0));
    const positive = digits[0]! >= 0x80 ? [0, ...digits] : digits;
    return Uint8Array.from([0x02, positive.length, ...positive]);
  });
  const content = join(...integers);
  return join(Uint8Array.of(0x30, content.length), content);
}

/** HTTP Basic authentication. */
export function basicKey(option: { readonly username: string; readonly password: string }): WebhookKey<{
  readonly username: string;
  readonly password: string;
}> {
  return {
    option,
    covers: "nothing",
    sign: () => ({ authorization: `Basic ${base64(encode(`${option.username}:${option.password}`))}` }),
  };
}

/** A header with a value that only the two sides know. */
export function headerKey(option: { readonly header: string; readonly value: string }): WebhookKey<{
  readonly header: string;
  readonly value: string;
}> {
  return { option, covers: "nothing", sign: () => ({ [option.header.toLowerCase()]: option.value }) };
}

/** Two key pairs made for tests; they guard nothing. */
export const ecdsaTestKeys: { readonly first: EcdsaTestKey; readonly second: EcdsaTestKey } = {
  first: {
    publicKey:
      "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEeLwoojjlit42EW45I/icGgLtpDT3JURSjj0kMDdmXB3zfB6/9zr3derYiJIyqGpzCNFl0kN+W+M/8QCOzu91cw==",
    privateKey:
      "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgEOp8tF85eL266JohEXy8Un6jXRuMzNXgbtIB5EPpMdyhRANCAAR4vCiiOOWK3jYRbjkj+JwaAu2kNPclRFKOPSQwN2ZcHfN8Hr/3Ovd16tiIkjKoanMI0WXSQ35b4z/xAI7O73Vz",
  },
  second: {
    publicKey:
      "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEKhvgAvBwDhmMQWpDwrA8X57tCVYkpI6nsiwAWFj4dN1ovpLelyZ7qitdiNJvFy2vH3TbM1bUsToMqr739wXAkA==",
    privateKey:
      "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgVUWxi+YJcZGFWaOnEwvl6me07DxvIzLziIoTAUuKqlWhRANCAAQqG+AC8HAOGYxBakPCsDxfnu0JViSkjqeyLABYWPh03Wi+kt6XJnuqK12I0m8XLa8fdNszVtSxOgyqvvf3BcCQ",
  },
};
