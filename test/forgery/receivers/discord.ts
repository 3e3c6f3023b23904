import { simulatorCredentials } from "@carillon/simulator";
import { discordWebhook } from "carillon/providers/discord";
import type { Receiver, Tenant, Variant } from "../receiver.ts";
import { inHeaders, sample } from "../receiver.ts";
import { exactly, headerOf, withHeaders } from "../request.ts";
import type { Request } from "../request.ts";
import { base64, digest, ed25519, fromHex, hex, hmac, join, secondsOf } from "../signing.ts";
import type { Bytes } from "../signing.ts";

const signature = "x-signature-ed25519";
const timestamp = "x-signature-timestamp";
const { webhookPrivateKey, webhookPublicKey: publicKey } = simulatorCredentials.discord;
const privateKeys: Readonly<Record<Tenant, string>> = {
  ours: webhookPrivateKey,
  // RFC 8032 section 7.1, TEST 1.
  theirs: base64(
    fromHex("302e020100300506032b6570042204209d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"),
  ),
};

/** The order of the group (RFC 8032 section 5.1). */
const order = 2n ** 252n + 27742317777372353535851937790883648493n;

const numberOf = (bytes: Bytes): bigint => BigInt(`0x${hex(bytes.toReversed())}`);
const digitsOf = (number: bigint): Bytes => fromHex(number.toString(16).padStart(64, "0").slice(-64)).toReversed();

/** The points of order 1, 2, 4 and 8 that a check without their exclusion takes for anybody's R (RFC 8032, and their encodings). */
const smallOrder: readonly string[] = [
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0000000000000000000000000000000000000000000000000000000000000080",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
];

async function otherwise(signed: Request): Promise<readonly Variant[]> {
  const time = headerOf(signed, timestamp) ?? "";
  const right = headerOf(signed, signature) ?? "";
  const bytes = fromHex(right);
  const [r, s] = [bytes.slice(0, 32), numberOf(bytes.slice(32))];
  const variant = (what: string, value: string): Variant => ({
    what,
    request: withHeaders(signed, { [signature]: value }),
  });
  const by = async (what: string, data: Bytes): Promise<Variant> =>
    variant(what, hex(await ed25519(webhookPrivateKey, data)));
  return [
    variant("s + order", hex(join(r, digitsOf(s + order)))),
    variant("s + 2 order", hex(join(r, digitsOf(s + 2n * order)))),
    variant("s mirrored", hex(join(r, digitsOf(order - s)))),
    variant("s zero", hex(join(r, digitsOf(0n)))),
    variant("s all ones", hex(join(r, new Uint8Array(32).fill(255)))),
    ...smallOrder.flatMap((point) => [
      variant(`r of small order ${point.slice(0, 6)}`, hex(join(fromHex(point), digitsOf(s)))),
      variant(`r of small order ${point.slice(0, 6)}, s zero`, hex(join(fromHex(point), digitsOf(0n)))),
    ]),
    variant("r with its sign turned", hex(bytes.map((byte, index) => (index === 31 ? byte ^ 0x80 : byte)))),
    variant("r and s exchanged", hex(join(bytes.slice(32), r))),
    variant("in base64", base64(bytes)),
    variant("in upper case", right.toUpperCase()),
    variant("a prefix 0x", `0x${right}`),
    variant("63 bytes", right.slice(2)),
    variant("65 bytes", `${right}00`),
    variant("twice", `${right}${right}`),
    variant("the public key", `${publicKey}${publicKey}`),
    variant(
      "an HMAC under the public key",
      hex(join(await hmac("SHA-256", fromHex(publicKey), time, signed.body), new Uint8Array(32))),
    ),
    variant("an HMAC-SHA-512 under the public key", hex(await hmac("SHA-512", fromHex(publicKey), time, signed.body))),
    await by("the body alone", signed.body),
    await by("the time after the body", join(signed.body, time)),
    await by("the digest (Ed25519ph without its prefix)", await digest("SHA-512", join(time, signed.body))),
  ];
}

export const receivers: readonly Receiver[] = [
  {
    name: "discord",
    provider: "discord",
    create: () => discordWebhook({ publicKey }),
    samples: [sample("discord", "entitlement-create"), sample("discord", "application-authorized")],
    more: [sample("discord", "application-authorized")],
    ...inHeaders([signature, timestamp]),
    signature,
    async sign(request, at, tenant = "ours", time = secondsOf(at)) {
      const bytes = await ed25519(privateKeys[tenant], join(time, request.body));
      return withHeaders(request, { [timestamp]: time, [signature]: hex(bytes) });
    },
    covered: (request) => `${headerOf(request, timestamp)}${exactly(request.body)}`,
    otherwise,
  },
];
