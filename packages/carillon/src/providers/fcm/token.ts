import { signJwt } from "../../crypto/jwt.ts";
import { importRsaKey, readRsaPem } from "../../crypto/rsa.ts";
import type { Provider } from "../../provider/contract.ts";
import { failed } from "../../provider/failure.ts";
import { isHeaderSafe } from "../../provider/options.ts";
import { recordOf, textOf } from "../../provider/reading.ts";
import { tokenExchange } from "../../provider/token.ts";
import type { FcmServiceAccount } from "./options.ts";

const tokenUrl = "https://oauth2.googleapis.com/token";

/**
 * Exchanges an assertion, signed with the service account's key, for an access token of about an hour. Byte for byte what
 * google-auth-library sends. The key is imported each time: once an hour is seldom enough.
 *
 * Source: https://developers.google.com/identity/protocols/oauth2/service-account#httprest (read 2026-11-23)
 */
export function fcmAuthorize(
  account: string,
  { client_email, private_key }: FcmServiceAccount,
): NonNullable<Provider["authorize"]> {
  return tokenExchange({
    id: "fcm",
    account,
    // A token is one service account's: two of them in one cache keep apart.
    key: client_email,
    async buildRequest({ now }) {
      const iat = Math.floor(now.getTime() / 1000);
      const scope = "https://www.googleapis.com/auth/firebase.messaging";
      const claims = { iss: client_email, scope, aud: tokenUrl, exp: iat + 3600, iat };
      let assertion: string;
      try {
        assertion = await signJwt({ alg: "RS256" }, claims, await importRsaKey(readRsaPem(private_key)!));
      } catch {
        return { ok: false, kind: "unauthorized", detail: "private_key cannot sign" };
      }
      return {
        method: "POST",
        url: tokenUrl,
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: `grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=${assertion}`,
        secrets: [assertion],
      };
    },
    readResponse({ status, json }) {
      const { access_token: token, expires_in: expiresInSeconds, error, error_description: said } = recordOf(json);
      return status === 200 && isHeaderSafe(token) && typeof expiresInSeconds === "number" && expiresInSeconds > 0
        ? { ok: true, token, expiresInSeconds }
        : // `invalid_grant` and the like: about the account, its key or this clock, never about a message.
          failed(status, textOf(error), said, [[/^4(?!08|29)/, "unauthorized"]]);
    },
  });
}
