/** Text as UTF-8 in base64 (RFC 4648 section 4), which is how SASL's credentials travel. */
export function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

/** The other way round, of what {@link base64} made. */
export function fromBase64(encoded: string): string {
  return new TextDecoder().decode(Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0)));
}
