import type { EndpointSecret } from "../directory/endpoints.ts";

/** Standard Webhooks asks for 24 bytes at least. */
const secretBytes = 32;

export const oldSecretValidSeconds = 86_400;

export function newSecret(): string {
  return `whsec_${btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(secretBytes))))}`;
}

/** A new secret first; those before it sign too until their end, the last one for so long from now. */
export function rotate(
  secrets: readonly EndpointSecret[],
  fresh: string,
  validForMs: number,
  now: number,
): readonly EndpointSecret[] {
  const ends = secrets.map(({ secret, until }) => ({
    secret,
    until: Math.min(until ?? now + validForMs, now + validForMs),
  }));
  return [{ secret: fresh, until: null }, ...ends.filter(({ until }) => until > now)];
}

/** Those that sign at this moment, the newest first. */
export function validSecrets(secrets: readonly EndpointSecret[], now: number): readonly string[] {
  return secrets.filter(({ until }) => until === null || until > now).map(({ secret }) => secret);
}
