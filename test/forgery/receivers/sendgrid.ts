import { simulatorCredentials } from "@carillon/simulator";
import { ecdsaTestKeys } from "@carillon/testing/checks";
import { sendgridWebhook } from "carillon/providers/sendgrid";
import type { Receiver, Tenant, Variant } from "../receiver.ts";
import { inHeaders, sample } from "../receiver.ts";
import { exactly, headerOf, withHeaders } from "../request.ts";
import type { Request } from "../request.ts";
import { base64, ecdsa, fromHex, hex, hmac, join, secondsOf, utf8 } from "../signing.ts";
import type { Bytes, Hash } from "../signing.ts";

const signature = "x-twilio-email-event-webhook-signature";
const timestamp = "x-twilio-email-event-webhook-timestamp";
const { webhookPrivateKey, webhookPublicKey } = simulatorCredentials.sendgrid;
const privateKeys: Readonly<Record<Tenant, string>> = {
  ours: webhookPrivateKey,
  theirs: ecdsaTestKeys.second.privateKey,
};

/** The order of the group of P-256 (SP 800-186 section 3.2.1.3). */
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

const numberOf = (bytes: Bytes): bigint => BigInt(`0x${hex(bytes)}`);
const digitsOf = (number: bigint): Bytes => fromHex(number.toString(16).padStart(64, "0"));

/** DER as it must be: the fewest bytes, and a zero before what would read as a sign. */
function integer(number: bigint): Bytes {
  const text = number.toString(16);
  const digits = fromHex(text.length % 2 === 0 ? text : `0${text}`);
  const positive = digits[0]! >= 0x80 ? join(Uint8Array.of(0), digits) : digits;
  return join(Uint8Array.of(0x02, positive.length), positive);
}

function sequence(...parts: readonly Bytes[]): Bytes {
  const content = join(...parts);
  return join(Uint8Array.of(0x30, content.length), content);
}

/** As DER, with some bytes instead of an integer. */
function raw(tag: number, bytes: Bytes): Bytes {
  return join(Uint8Array.of(tag, bytes.length), bytes);
}

async function sign(request: Request, at: Date, tenant: Tenant = "ours", time = secondsOf(at)): Promise<Request> {
  const bytes = await ecdsa(privateKeys[tenant], "SHA-256", join(time, request.body));
  const der = sequence(integer(numberOf(bytes.slice(0, 32))), integer(numberOf(bytes.slice(32))));
  return withHeaders(request, { [timestamp]: time, [signature]: base64(der) });
}

/** The numbers of a signature, as they came. */
function numbersOf(der: Bytes): readonly [bigint, bigint] {
  const length = der[3]!;
  return [numberOf(der.slice(4, 4 + length)), numberOf(der.slice(6 + length))];
}

async function otherwise(signed: Request): Promise<readonly Variant[]> {
  const time = headerOf(signed, timestamp) ?? "";
  const der = Uint8Array.from(atob(headerOf(signed, signature) ?? ""), (character) => character.charCodeAt(0));
  const [r, s] = numbersOf(der);
  const [a, b] = [integer(r), integer(s)];
  const content = join(a, b);
  const both = join(digitsOf(r), digitsOf(s));
  const variant = (what: string, bytes: Bytes): Variant => ({
    what,
    request: withHeaders(signed, { [signature]: base64(bytes) }),
  });
  const padded = (number: bigint): Bytes => raw(0x02, join(Uint8Array.of(0), integer(number).slice(2)));
  const hashed = async (hash: Hash, ...data: readonly (Bytes | string)[]): Promise<Bytes> => {
    const bytes = await ecdsa(privateKeys.ours, hash, join(...data));
    return sequence(integer(numberOf(bytes.slice(0, 32))), integer(numberOf(bytes.slice(32))));
  };
  return [
    variant("r || s without DER", both),
    variant("r || s in DER's octet string", raw(0x04, both)),
    variant("a leading zero before r", sequence(padded(r), b)),
    variant("a leading zero before s", sequence(a, padded(s))),
    variant("two leading zeros", sequence(raw(0x02, join(Uint8Array.of(0, 0), digitsOf(r))), b)),
    variant("r in fixed length", sequence(raw(0x02, join(Uint8Array.of(0), digitsOf(r))), padded(s))),
    variant(
      "negative r",
      sequence(raw(0x02, join(Uint8Array.of(0x80 | (digitsOf(r)[0]! & 0x7f)), digitsOf(r).slice(1))), b),
    ),
    variant("negative s", sequence(a, raw(0x02, join(Uint8Array.of(0xff), digitsOf(s))))),
    variant("r of nothing", sequence(raw(0x02, new Uint8Array()), b)),
    variant("s of nothing", sequence(a, raw(0x02, new Uint8Array()))),
    variant("r zero", sequence(integer(0n), b)),
    variant("s zero", sequence(a, integer(0n))),
    variant("both zero", sequence(integer(0n), integer(0n))),
    variant("both one", sequence(integer(1n), integer(1n))),
    variant("r the order", sequence(integer(order), b)),
    variant("s the order", sequence(a, integer(order))),
    variant("r + order", sequence(integer(r + order), b)),
    variant("s + order", sequence(a, integer(s + order))),
    variant("r and s exchanged", sequence(b, a)),
    variant("s mirrored", sequence(a, integer(order - s))),
    variant("r mirrored", sequence(integer(order - r), b)),
    variant("r of 33 bytes", sequence(raw(0x02, join(Uint8Array.of(1), digitsOf(r))), b)),
    variant("r of 100 bytes", sequence(raw(0x02, new Uint8Array(100).fill(1)), b)),
    variant("one integer", sequence(a)),
    variant("three integers", sequence(a, b, integer(1n))),
    variant("a byte after the sequence", join(der, Uint8Array.of(0))),
    variant("a second signature after the sequence", join(der, der)),
    variant("a byte within the sequence, after s", sequence(a, b, Uint8Array.of(0))),
    variant("a null within the sequence, after s", sequence(a, b, Uint8Array.of(5, 0))),
    variant("an indefinite length", join(Uint8Array.of(0x30, 0x80), content, Uint8Array.of(0, 0))),
    variant("a long length", join(Uint8Array.of(0x30, 0x81, content.length), content)),
    variant("a longer length", join(Uint8Array.of(0x30, 0x82, 0, content.length), content)),
    variant("a length of four bytes", join(Uint8Array.of(0x30, 0x84, 0, 0, 0, content.length), content)),
    variant("a long length of r", sequence(join(Uint8Array.of(0x02, 0x81, a.length - 2), a.slice(2)), b)),
    variant("a length that is too large", join(Uint8Array.of(0x30, content.length + 1), content)),
    variant("a length that is too small", join(Uint8Array.of(0x30, content.length - 1), content)),
    variant("a length of r that takes all", sequence(join(Uint8Array.of(0x02, 0x7f), a.slice(2)), b)),
    variant("a set", join(Uint8Array.of(0x31, content.length), content)),
    variant("a bit string for r", sequence(raw(0x03, a.slice(2)), b)),
    variant("an enumerated for s", sequence(a, raw(0x0a, b.slice(2)))),
    variant("a sequence in a sequence", sequence(der)),
    variant("a tag of another class", join(Uint8Array.of(0x70, content.length), content)),
    ...Array.from({ length: der.length }, (_, length) => variant(`cut to ${length} bytes`, der.slice(0, length))),
    variant("SHA-1", await hashed("SHA-1", time, signed.body)),
    variant("SHA-384", await hashed("SHA-384", time, signed.body)),
    variant("SHA-512", await hashed("SHA-512", time, signed.body)),
    variant(
      "a digest signed as if it were the message",
      await hashed("SHA-256", await ecdsa(privateKeys.ours, "SHA-256", signed.body)),
    ),
    variant("the body alone", await hashed("SHA-256", signed.body)),
    variant("the time after the body", await hashed("SHA-256", signed.body, time)),
    variant("a dot between time and body", await hashed("SHA-256", `${time}.`, signed.body)),
    variant("an HMAC under the public key's text", await hmac("SHA-256", webhookPublicKey, time, signed.body)),
    variant(
      "an HMAC under the public key",
      await hmac(
        "SHA-256",
        Uint8Array.from(atob(webhookPublicKey), (c) => c.charCodeAt(0)),
        time,
        signed.body,
      ),
    ),
    variant("the public key", utf8(webhookPublicKey)),
  ];
}

export const receivers: readonly Receiver[] = [
  {
    name: "sendgrid",
    provider: "sendgrid",
    create: () => sendgridWebhook({ publicKey: webhookPublicKey }),
    samples: [sample("sendgrid", "delivered"), sample("sendgrid", "bounce-hard")],
    more: [sample("sendgrid", "without-event-id"), sample("sendgrid", "bounce-hard")],
    ...inHeaders([signature, timestamp]),
    signature,
    sign,
    covered: (request) => `${headerOf(request, timestamp)}${exactly(request.body)}`,
    otherwise,
  },
];
