import { base64, encode } from "./bytes.ts";

/** Every position of what is short, and evenly spread ones of what is long, its ends included. */
function positions(length: number): readonly number[] {
  const limit = 512;
  if (length <= limit) return Array.from({ length }, (_, i) => i);
  return Array.from({ length: limit }, (_, i) => Math.round((i * (length - 1)) / (limit - 1)));
}

/** The bytes with one of them changed, by one bit, which is another one from position to position. */
export function* changedBytes(bytes: Uint8Array<ArrayBuffer>): Generator<readonly [number, Uint8Array<ArrayBuffer>]> {
  for (const position of positions(bytes.length)) {
    const changed = bytes.slice();
    changed[position]! ^= 1 << (position % 8);
    yield [position, changed];
  }
}

/** The text with one character changed to another that a header may hold. */
export function* changedText(text: string): Generator<readonly [number, string]> {
  for (const position of positions(text.length)) {
    const old = text[position]!;
    const changed = /\d/.test(old) ? String((Number(old) + 1) % 10) : old === "A" ? "B" : "A";
    yield [position, text.slice(0, position) + changed + text.slice(position + 1)];
  }
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Other spellings of what may be base64 or hex: a lenient decoder reads the same bytes out of them. */
export function misspelt(text: string): readonly string[] {
  const spellings = [
    text.replace(/=+$/, ""),
    `${text}=`,
    `${text}A`,
    text.replaceAll("+", "-").replaceAll("/", "_"),
    // Bits that decoding throws away, set.
    text.replace(/(.)(=+)$/, (_, last: string, padding: string) => {
      const index = alphabet.indexOf(last);
      return index < 0 ? `${last}${padding}` : `${alphabet[index ^ 1]}${padding}`;
    }),
    `${text.slice(0, -4)}\t${text.slice(-4)}`,
    /^[^A-Z]*$/.test(text) ? text.toUpperCase() : text,
    `${text},${text}`,
  ];
  return [...new Set(spellings)].filter((spelling) => spelling !== text);
}

/** Values near the right one. Of a Basic credential, both halves are varied. */
export function badCredentials(value: string): readonly (readonly [string, string])[] {
  const basic = /^Basic (.+)$/.exec(value)?.[1];
  const near = (text: string): readonly (readonly [string, string])[] =>
    [
      ["a prefix", text.slice(0, -1)],
      ["nothing", ""],
      ["one character more", `${text}x`],
      ["in upper case", text.toUpperCase()],
      ["in lower case", text.toLowerCase()],
      ["reversed", Array.from(text).toReversed().join("")],
    ].filter(([, wrong]) => wrong !== text) as [string, string][];
  if (basic === undefined) return [...near(value), ["repeated", `${value}, ${value}`]];
  const [username = "", password = ""] = new TextDecoder()
    .decode(Uint8Array.from(atob(basic), (character) => character.charCodeAt(0)))
    .split(/:(.*)/s);
  const spell = (user: string, pass: string): string => `Basic ${base64(encode(`${user}:${pass}`))}`;
  return [
    ...near(username).map(([what, wrong]) => [`username: ${what}`, spell(wrong, password)] as const),
    ...near(password).map(([what, wrong]) => [`password: ${what}`, spell(username, wrong)] as const),
    ["username and password exchanged", spell(password, username)],
    ["another scheme", `Bearer ${basic}`],
    ["without a scheme", basic],
    ["without padding", `Basic ${basic.replace(/=+$/, "")} `.trim() === value ? `${value}=` : value.replace(/=+$/, "")],
    ["repeated", `${value}, ${value}`],
  ];
}

/** Options that hold no secret: each must be refused at construction. */
export function blanksOf(option: unknown): readonly (readonly [string, unknown])[] {
  if (typeof option === "string") {
    return [
      ["an empty secret", ""],
      ["a secret of white space", " \t"],
      ["no secret", undefined],
      ["an empty list", []],
      ["a list with an empty secret", [""]],
      ["a list of which one secret is empty", [option, ""]],
      ["a list of which one secret is white space", [option, " "]],
    ];
  }
  return Object.keys(option as object).flatMap((name) => [
    [`an empty "${name}"`, { ...(option as object), [name]: "" }] as const,
    [`a "${name}" of white space`, { ...(option as object), [name]: "  " }] as const,
    [`no "${name}"`, { ...(option as object), [name]: undefined }] as const,
  ]);
}

/**
 * Both secrets at once: a list, or the one property that differs as a list. Undefined where more than one differs: there
 * is no one way to configure both.
 */
export function rotated(first: unknown, second: unknown): unknown {
  if (typeof first === "string") return [first, second];
  const [a, b] = [first, second] as Readonly<Record<string, unknown>>[];
  const different = Object.keys(a ?? {}).filter((name) => a?.[name] !== b?.[name]);
  const [name] = different;
  return different.length === 1 && name !== undefined ? { ...a, [name]: [a?.[name], b?.[name]] } : undefined;
}

/** Bodies that mean nothing to any provider. */
export const junk: Readonly<Record<string, Uint8Array<ArrayBuffer>>> = {
  "an empty body": encode(""),
  "1": encode("1"),
  null: encode("null"),
  "[]": encode("[]"),
  "{}": encode("{}"),
  '"x"': encode('"x"'),
  "a list of junk": encode('[1,null,"x",[],{},[[]],true]'),
  "invalid JSON": encode('{"type":'),
  "invalid UTF-8": Uint8Array.of(0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d),
  "deep nesting": encode("[".repeat(20_000) + "]".repeat(20_000)),
};
