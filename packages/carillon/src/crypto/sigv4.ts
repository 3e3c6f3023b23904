import { toHex, utf8 } from "./bytes.ts";
import { sha256Hex } from "./hash.ts";
import { importHmacKey, signWith } from "./hmac.ts";

export interface SigV4Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials. */
  readonly sessionToken?: string | undefined;
}

export interface SigV4Request {
  readonly method: string;
  /**
   * In its canonical form, as a fixed API's is: a path of unreserved characters, a query whose pairs are encoded and sorted.
   * Another one is signed wrong, and refused.
   */
  readonly url: string;
  /** Lower-case names. All of them are signed. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The request's headers with those that sign it: `x-amz-date`, `authorization`, and `x-amz-security-token` if there is one. */
export type SigV4Signer = (
  request: SigV4Request,
  credentials: SigV4Credentials,
  now: Date,
) => Promise<Readonly<Record<string, string>>>;

/**
 * Signs requests to one AWS service in one region with Signature Version 4. The key, which holds for one day, is derived
 * and imported once for it.
 *
 * The service is named as its credential scope has it, which is not always what its host begins with.
 *
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html (read 2026-11-23)
 */
export function sigV4Signer(service: string, region: string): SigV4Signer {
  /** The last one that was derived. A value and not the promise of it, which in workerd may never settle for others. */
  let last: { readonly of: string; readonly key: CryptoKey } | undefined;

  async function keyOf(secretAccessKey: string, day: string): Promise<CryptoKey> {
    const of = day + secretAccessKey;
    if (last?.of === of) return last.key;
    let key = await importHmacKey("SHA-256", utf8(`AWS4${secretAccessKey}`));
    for (const part of [day, region, service, "aws4_request"]) {
      key = await importHmacKey("SHA-256", await signWith(key, utf8(part)));
    }
    last = { of, key };
    return key;
  }

  return async ({ method, url, headers, body }, { accessKeyId, secretAccessKey, sessionToken }, now) => {
    const { host, pathname, search } = new URL(url);
    const time = now.toISOString().replace(/[-:]|\.\d+/g, "");
    const day = time.slice(0, 8);
    const sent = {
      ...headers,
      "x-amz-date": time,
      ...(sessionToken && { "x-amz-security-token": sessionToken }),
    };
    const signed = Object.entries({ ...sent, host }).toSorted(([a], [b]) => (a < b ? -1 : 1));
    const names = signed.map(([name]) => name).join(";");
    const canonical = [
      method,
      pathname,
      search.slice(1),
      ...signed.map(([name, value]) => `${name}:${value.trim().replace(/ +/g, " ")}`),
      "",
      names,
      await sha256Hex(body),
    ].join("\n");
    const scope = `${day}/${region}/${service}/aws4_request`;
    const toSign = ["AWS4-HMAC-SHA256", time, scope, await sha256Hex(canonical)].join("\n");
    const signature = toHex(await signWith(await keyOf(secretAccessKey, day), utf8(toSign)));
    return {
      ...sent,
      authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
    };
  };
}
