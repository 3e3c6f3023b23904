/** The words that a digest begins with, and those of its rounds. */
type Constants = readonly [initial: readonly number[], rounds: readonly number[]];

let known: Constants | undefined;

/**
 * The first words of the fractions of square and cube roots of primes (FIPS 180-4, sections 5.3.3 and 4.2.2). Computed, since
 * 72 literals would cost a tenth of a provider's bundle: no root lies nearer than 0.005 to where its last bit would turn, and
 * what a runtime's `Math.cbrt` may be off is 0.00001 of that bit.
 */
function constants(): Constants {
  if (known) return known;
  const primes: number[] = [];
  for (let number = 2; primes.length < 64; number++) {
    if (primes.every((prime) => number % prime)) primes.push(number);
  }
  const words = (root: (prime: number) => number): number[] => primes.map((prime) => ((root(prime) % 1) * 2 ** 32) | 0);
  return (known = [words(Math.sqrt).slice(0, 8), words(Math.cbrt)]);
}

const rotate = (word: number, bits: number): number => (word >>> bits) | (word << (32 - bits));

/** The state after blocks of 16 words (FIPS 180-4, section 6.2.2), which are overwritten. */
function compress(state: readonly number[], words: Int32Array): readonly number[] {
  const [, rounds] = constants();
  let next = state;
  for (let start = 0; start < words.length; start += 16) {
    // One by one, here and below: taking lists apart, and `map`, would double the time of it all.
    let a = next[0]!;
    let b = next[1]!;
    let c = next[2]!;
    let d = next[3]!;
    let e = next[4]!;
    let f = next[5]!;
    let g = next[6]!;
    let h = next[7]!;
    for (let i = 0; i < 64; i++) {
      const at = start + (i & 15);
      if (i > 15) {
        // Of the schedule's words sixteen are kept: each takes the place of the oldest that it is made of.
        const x = words[start + ((i + 1) & 15)]!;
        const y = words[start + ((i + 14) & 15)]!;
        words[at]! +=
          (rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3)) +
          words[start + ((i + 9) & 15)]! +
          (rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10));
      }
      const t =
        (h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + rounds[i]! + words[at]!) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + t) | 0;
      d = c;
      c = b;
      b = a;
      a = (t + (rotate(b, 2) ^ rotate(b, 13) ^ rotate(b, 22)) + ((b & c) ^ (b & d) ^ (c & d))) | 0;
    }
    next = [
      (a + next[0]!) | 0,
      (b + next[1]!) | 0,
      (c + next[2]!) | 0,
      (d + next[3]!) | 0,
      (e + next[4]!) | 0,
      (f + next[5]!) | 0,
      (g + next[6]!) | 0,
      (h + next[7]!) | 0,
    ];
  }
  return next;
}

/** Bytes as big-endian words, laid over so many equal words. A shift by `~i << 3` is one by 24, 16, 8 or 0. */
function toWords(bytes: Uint8Array, count: number, under: number): Int32Array {
  const words = new Int32Array(count).fill(under);
  for (let i = 0; i < bytes.length; i++) words[i >> 2]! ^= bytes[i]! << (~i << 3);
  return words;
}

/** The digest of one block that was taken before, and a message of less than 2^29 bytes. */
function digestAfterBlock(state: readonly number[], message: Uint8Array): Uint8Array<ArrayBuffer> {
  const { length } = message;
  const words = toWords(message, ((length + 72) >> 6) << 4, 0);
  words[length >> 2]! |= 0x80 << (~length << 3);
  words[words.length - 1] = (64 + length) * 8;
  const next = compress(state, words);
  const digest = new Uint8Array(32);
  for (let i = 0; i < 32; i++) digest[i] = next[i >> 2]! >> (~i << 3);
  return digest;
}

/**
 * HMAC-SHA-256 (RFC 2104) of short messages, without WebCrypto: there each call is a trip to another thread, which in Node
 * costs ten times the work itself. Time and memory access do not depend on what is hashed.
 *
 * @param key Up to 64 bytes.
 * @returns What signs; use it again for each message under the same key.
 */
export function hmacSha256(key: Uint8Array): (message: Uint8Array) => Uint8Array<ArrayBuffer> {
  const keyed = (pad: number): readonly number[] => compress(constants()[0], toWords(key, 16, pad));
  const inner = keyed(0x36363636);
  const outer = keyed(0x5c5c5c5c);
  return (message) => digestAfterBlock(outer, digestAfterBlock(inner, message));
}
