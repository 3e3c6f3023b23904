import type { Env } from "../env.ts";
import { readSigningKeys } from "../signing-keys.ts";
import type { SigningKey } from "../signing-keys.ts";

export interface RecipientSettings {
  /** Of tokens that the app's server signs. Empty: no browser may act for a recipient. */
  readonly tokenKeys: readonly SigningKey[];
  /** Of what stands for addresses of people who were erased: the first makes it, any is known. Empty: nobody can be. */
  readonly erasureKeys: readonly SigningKey[];
  /** Of pages whose scripts may ask. */
  readonly origins: ReadonlySet<string>;
}

export function readRecipients(
  { RECIPIENT_TOKEN_KEYS, ERASURE_KEYS, ALLOWED_ORIGINS }: Env,
  isProduction: boolean,
  problems: string[],
): RecipientSettings {
  const origins = new Set<string>();
  for (const part of ALLOWED_ORIGINS?.split(",") ?? []) {
    const origin = part.trim();
    if (isOrigin(origin, isProduction)) origins.add(origin);
    else problems.push("ALLOWED_ORIGINS has a part that is not exactly https:// and a host: it is not allowed");
  }
  return {
    tokenKeys: readSigningKeys("RECIPIENT_TOKEN_KEYS", RECIPIENT_TOKEN_KEYS, problems),
    erasureKeys: readSigningKeys("ERASURE_KEYS", ERASURE_KEYS, problems),
    origins,
  };
}

/** As a browser spells it, so that comparing is enough. Outside of production there may be http. */
function isOrigin(text: string, isProduction: boolean): boolean {
  // URLs may have stars, and stand for themselves there.
  if (!URL.canParse(text) || text.includes("*")) return false;
  const { protocol, origin } = new URL(text);
  return origin === text && (protocol === "https:" || (!isProduction && protocol === "http:"));
}
