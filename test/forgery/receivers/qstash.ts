import { simulatorCredentials } from "@carillon/simulator";
import { qstashWebhook } from "carillon/receivers/qstash";
import type { Receiver, Tenant, Variant } from "../receiver.ts";
import { inHeaders, sample } from "../receiver.ts";
import { exactly, headerOf, withHeaders } from "../request.ts";
import type { Request } from "../request.ts";
import { base64, base64Url, digest, ecdsa, hmac, rsa, secondsOf, utf8 } from "../signing.ts";
import type { Bytes, Hash } from "../signing.ts";

const signature = "upstash-signature";
const { currentSigningKey, nextSigningKey } = simulatorCredentials.qstash;
const keys: Readonly<Record<Tenant, string>> = { ours: currentSigningKey, theirs: "sig_otherTenantCurrent0000000000" };

type Claims = Readonly<Record<string, unknown>>;

const header = { alg: "HS256", typ: "JWT" };

function part(value: unknown): string {
  return base64Url(utf8(typeof value === "string" ? value : JSON.stringify(value)));
}

async function claimsOf(request: Request, time: string): Promise<Claims> {
  const seconds = Number(time);
  return {
    iss: "Upstash",
    sub: request.url,
    exp: seconds + 300,
    nbf: seconds - 300,
    iat: seconds,
    jti: "jwt_67kxXD6UBAk7DqU6hzuHMDdXFXfP",
    body: base64(await digest("SHA-256", request.body))
      .replaceAll("+", "-")
      .replaceAll("/", "_"),
  };
}

async function token(
  claims: unknown,
  key: Bytes | string = keys.ours,
  head: unknown = header,
  hash: Hash = "SHA-256",
): Promise<string> {
  const signed = `${part(head)}.${part(claims)}`;
  return `${signed}.${base64Url(await hmac(hash, key, signed))}`;
}

/** An RSA and an elliptic key that any forger may have. */
const forgers = import.meta.glob<string>("../../../packages/carillon/src/webhook/scheme/fixtures/sns/second.key", {
  query: "?raw",
  import: "default",
  eager: true,
});

async function otherwise(signed: Request, at: Date): Promise<readonly Variant[]> {
  const seconds = Math.floor(at.getTime() / 1000);
  const claims = await claimsOf(signed, String(seconds));
  const right = headerOf(signed, signature) ?? "";
  const [head = "", middle = "", mac = ""] = right.split(".");
  const variant = (what: string, value: string): Variant => ({
    what,
    request: withHeaders(signed, { [signature]: value }),
  });
  const changed = async (what: string, changed: Claims): Promise<Variant> =>
    variant(what, await token({ ...claims, ...changed }));
  const alg = async (alg: unknown): Promise<Variant> =>
    variant(`alg ${JSON.stringify(alg)}`, await token(claims, keys.ours, { ...header, alg }));
  const unsigned = (alg: unknown): readonly Variant[] =>
    ["", ".", `.${mac}`].map((end) =>
      variant(`alg ${String(alg)}, ending "${end.slice(0, 1)}"`, `${part({ ...header, alg })}.${middle}${end}`),
    );
  const none = ["none", "None", "NONE", "nOnE", "", null].flatMap(unsigned);
  const text = `${part({ ...header, alg: "RS256" })}.${middle}`;
  const [pem = ""] = Object.values(forgers);
  return [
    ...none,
    variant("RS256 by a key of the forger's own", `${text}.${base64Url(await rsa(pem, "SHA-256", utf8(text)))}`),
    variant(
      "RS256 by a key of the forger's own under HS256's name",
      `${head}.${middle}.${base64Url(await rsa(pem, "SHA-256", utf8(`${head}.${middle}`)))}`,
    ),
    variant(
      "ES256",
      `${part({ ...header, alg: "ES256" })}.${middle}.${base64Url(await ecdsa(simulatorCredentials.sendgrid.webhookPrivateKey, "SHA-256", utf8(`${part({ ...header, alg: "ES256" })}.${middle}`)))}`,
    ),
    await alg("HS384"),
    await alg("HS512"),
    await alg("hs256"),
    await alg("HS256 "),
    await alg(["HS256"]),
    await alg(null),
    variant("HS512 as it is", await token(claims, keys.ours, { ...header, alg: "HS512" }, "SHA-512")),
    variant("HS384 as it is", await token(claims, keys.ours, { ...header, alg: "HS384" }, "SHA-384")),
    variant("HS256 in name, HS512 in fact", await token(claims, keys.ours, header, "SHA-512")),
    variant("crit", await token(claims, keys.ours, { ...header, crit: ["exp"] })),
    variant("crit of nothing", await token(claims, keys.ours, { ...header, crit: [] })),
    variant("b64 false", await token(claims, keys.ours, { ...header, b64: false, crit: ["b64"] })),
    variant(
      "its key in the header",
      await token(claims, "forged", { ...header, jwk: { kty: "oct", k: part("forged") } }),
    ),
    variant("its key at a URL", await token(claims, "forged", { ...header, jku: "https://evil.example/keys" })),
    variant("its key by a path", await token(claims, "", { ...header, kid: "../../../dev/null" }).catch(() => "a.b.c")),
    variant("the next key", await token(claims, nextSigningKey)),
    variant("QStash's token as the key", await token(claims, simulatorCredentials.qstash.token)),
    variant("the key without its prefix", await token(claims, keys.ours.slice("sig_".length))),
    variant("JSON for compact", JSON.stringify({ protected: head, payload: middle, signature: mac })),
    variant("four parts", `${right}.x`),
    variant("five parts", `${right}.x.y`),
    variant("two parts", `${head}.${middle}`),
    variant("an empty part before", `.${right}`),
    variant("parts exchanged", `${middle}.${head}.${mac}`),
    variant("another header under this signature", `${part({ ...header, x: 1 })}.${middle}.${mac}`),
    variant("Bearer", `Bearer ${right}`),
    variant("claims in a list", await token([claims])),
    variant("claims that are a text", await token("text")),
    variant("claims that are a number", await token("7")),
    variant("claims that are cut JSON", await token('{"iss":')),
    variant("claims of 10,000 levels", await token(`${"[".repeat(10_000)}${"]".repeat(10_000)}`)),
    await changed("no exp", { exp: undefined }),
    await changed("exp a text", { exp: String(seconds + 300) }),
    await changed("exp null", { exp: null }),
    await changed("exp NaN", { exp: "NaN" }),
    await changed("exp in a list", { exp: [seconds + 300] }),
    await changed("exp now", { exp: seconds }),
    await changed("exp a second ago", { exp: seconds - 1 }),
    await changed("exp in 1970", { exp: 0 }),
    await changed("exp negative", { exp: -1 }),
    variant("exp infinite", await token(JSON.stringify(claims).replace(/"exp":\d+/, '"exp":-1e999'))),
    await changed("nbf in a second", { nbf: seconds + 1 }),
    await changed("nbf in a year", { nbf: seconds + 31_536_000 }),
    await changed("nbf a text", { nbf: "x" }),
    await changed("nbf null", { nbf: null }),
    await changed("iss another's", { iss: "upstash" }),
    await changed("iss in a list", { iss: ["Upstash"] }),
    await changed("no iss", { iss: undefined }),
    await changed("sub another's", { sub: "https://evil.example/" }),
    await changed("sub another path", { sub: `${signed.url}/other` }),
    await changed("sub the origin", { sub: new URL(signed.url).origin }),
    await changed("sub another query", { sub: `${signed.url}?x` }),
    await changed("sub http", { sub: signed.url.replace("https:", "http:") }),
    await changed("sub in a list", { sub: [signed.url] }),
    await changed("no sub", { sub: undefined }),
    await changed("sub empty", { sub: "" }),
    await changed("body another's", { body: base64Url(await digest("SHA-256", utf8("x"))) }),
    await changed("body of nothing", { body: base64Url(await digest("SHA-256", utf8(""))) }),
    await changed("no body", { body: undefined }),
    await changed("body empty", { body: "" }),
    await changed("body null", { body: null }),
    await changed("body in a list", { body: [claims["body"]] }),
    await changed("body in base64, not base64url", { body: `${base64(await digest("SHA-256", signed.body))}==` }),
    await changed("body by SHA-1", { body: base64Url(await digest("SHA-1", signed.body)) }),
    await changed("body without padding", { body: base64Url(await digest("SHA-256", signed.body)) }),
    variant(
      "claims twice, the last ones wrong",
      await token(JSON.stringify(claims).replace(/\}$/, ',"sub":"https://evil.example/"}')),
    ),
  ];
}

export const receivers: readonly Receiver[] = [
  {
    name: "qstash",
    provider: "qstash",
    create: () => qstashWebhook({ currentSigningKey, nextSigningKey }),
    samples: [sample("qstash", "callback"), sample("qstash", "failure-callback")],
    more: [sample("qstash", "failure-callback")],
    ...inHeaders([signature]),
    signature,
    async sign(request, at, tenant = "ours", time = secondsOf(at)) {
      return withHeaders(request, { [signature]: await token(await claimsOf(request, time), keys[tenant]) });
    },
    covered: (request) => `${request.url} ${exactly(request.body)}`,
    otherwise,
  },
];
