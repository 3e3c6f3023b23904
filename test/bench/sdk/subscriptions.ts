export interface Subscription {
  readonly endpoint: string;
  readonly keys: { readonly p256dh: string; readonly auth: string };
}

function base64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replace(/[+/=]/g, (sign) =>
    sign === "+" ? "-" : sign === "/" ? "_" : "",
  );
}

/** As browsers would make them, each with keys of its own. By WebCrypto, which workerd has without Node compatibility, too. */
export function makeSubscriptions(count: number): Promise<readonly Subscription[]> {
  const algorithm = { name: "ECDH", namedCurve: "P-256" };
  const make = async (_: unknown, index: number): Promise<Subscription> => {
    const { publicKey } = (await crypto.subtle.generateKey(algorithm, false, ["deriveBits"])) as CryptoKeyPair;
    const p256dh = base64Url(new Uint8Array(await crypto.subtle.exportKey("raw", publicKey)));
    const keys = { p256dh, auth: base64Url(crypto.getRandomValues(new Uint8Array(16))) };
    return { endpoint: `https://fcm.googleapis.com/wp/subscription-${index}`, keys };
  };
  return Promise.all(Array.from({ length: count }, make));
}

/** Gives them one after another, and begins again. */
export function inTurn<T>(items: readonly T[]): () => T {
  let next = 0;
  return () => items[next++ % items.length]!;
}
