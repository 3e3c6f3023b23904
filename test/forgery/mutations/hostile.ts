import type { Receiver } from "../receiver.ts";
import { objectIn } from "../request.ts";
import type { Request } from "../request.ts";
import { join, utf8 } from "../signing.ts";
import type { Bytes } from "../signing.ts";
import type { Ground, Mutation } from "./mutation.ts";

const nested = (levels: number, open = "[", close = "]"): string => open.repeat(levels) + close.repeat(levels);

/** Bodies that mean harm to whoever parses them. */
const bodies: Readonly<Record<string, Bytes>> = {
  empty: utf8(""),
  "a space": utf8(" "),
  null: utf8("null"),
  "a number": utf8("7"),
  "a text": utf8('"x"'),
  "an empty object": utf8("{}"),
  "an empty list": utf8("[]"),
  "a list of junk": utf8('[1,null,"x",[],{},[[]],true]'),
  "cut JSON": utf8('{"type":'),
  "JSON with comments": utf8('{/* x */"type":"email.delivered"}'),
  "two objects": utf8("{}{}"),
  "lists 10,000 levels deep": utf8(nested(10_000)),
  "lists 200,000 levels deep": utf8(nested(200_000)),
  "lists 500,000 levels deep, never closed": utf8("[".repeat(500_000)),
  "objects 10,000 levels deep": utf8(nested(10_000, '{"a":', "}").replace(":}", ":1}")),
  "objects 100,000 levels deep": utf8(nested(100_000, '{"a":', "}").replace(":}", ":1}")),
  "a huge number": utf8(`[${"9".repeat(100_000)}]`),
  "a number past all numbers": utf8('[1e999,-1e999,1e-999,{"timestamp":1e999}]'),
  "a huge key": utf8(`{"${"k".repeat(500_000)}":1}`),
  "50,000 keys": utf8(`{${Array.from({ length: 50_000 }, (_, index) => `"k${index}":${index}`).join()}}`),
  "20,000 times the same key": utf8(`{${Array.from({ length: 20_000 }, () => '"type":"x"').join()}}`),
  "20,000 numbers as keys": utf8(`{${Array.from({ length: 20_000 }, (_, index) => `"${index * 7919}":1`).join()}}`),
  __proto__: utf8(
    '{"__proto__":{"polluted":true,"type":"email.delivered"},"constructor":{"prototype":{"polluted":true}}}',
  ),
  "__proto__ in a list": utf8('[{"__proto__":{"polluted":true,"event":"delivered"}}]'),
  toString: utf8('{"toString":1,"valueOf":2,"toJSON":"x","then":"y","length":-1,"hasOwnProperty":3}'),
  "a million zeros": utf8(`[${"0,".repeat(400_000)}0]`),
  "a megabyte of text": utf8(`{"type":"${"x".repeat(1_000_000)}"}`),
  "a megabyte of escapes": utf8(`{"type":"${String.raw`\u0041`.repeat(170_000)}"}`),
  "null bytes": new Uint8Array(1000),
  "an escaped null byte": utf8(String.raw`{"type":"a\u0000b","a\u0000b":1}`),
  "half a surrogate": utf8(String.raw`{"type":"\ud800","x":"\udfff\ud800"}`),
  "bytes that are no UTF-8": join(
    utf8('{"type":"'),
    Uint8Array.of(0xff, 0xfe, 0xc0, 0xaf, 0xed, 0xa0, 0x80),
    utf8('"}'),
  ),
  "a BOM": utf8('\u{feff}{"type":"email.delivered"}'),
  "UTF-16 with a BOM": Uint8Array.from([0xff, 0xfe, ...[...'{"type":"x"}'].flatMap((c) => [c.charCodeAt(0), 0])]),
  "10,000 pairs": utf8(Array.from({ length: 10_000 }, (_, index) => `k${index}=v${index}`).join("&")),
  "4,000 pairs": utf8(Array.from({ length: 4_000 }, (_, index) => `k${index}=v${index}`).join("&")),
  "8,000 pairs of one name": utf8(Array.from({ length: 8_000 }, (_, index) => `k=${index}`).join("&")),
  "30,000 empty pairs": utf8("&".repeat(30_000)),
  "30,000 equals": utf8("=".repeat(30_000)),
  "percent signs": utf8("%".repeat(60_000)),
  "cut escapes": utf8("a=%&b=%2&%zz=%e0%a4&payload=%7b"),
  "pairs of __proto__": utf8("__proto__=1&constructor=2&MessageSid=SM1&MessageStatus=toString&__proto__[x]=1"),
  "a form with JSON in it": utf8(`payload=${encodeURIComponent(`{"type":${nested(10_000)}}`)}`),
  "XML with entities": utf8('<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'),
  multipart: utf8("--x\r\ncontent-disposition: form-data; name=a\r\n\r\nb\r\n--x--"),
  "a regular expression's bane": utf8(
    JSON.stringify({ type: "x", reason: `${"5".repeat(50_000)}!`, email: "a@".repeat(20_000) }),
  ),
};

/** What may stand where a genuine webhook has a value; each is JSON. */
const values: Readonly<Record<string, string>> = {
  null: "null",
  true: "true",
  "minus one": "-1",
  "a number past all numbers": "1e999",
  "a number with 400 digits": "9".repeat(400),
  "a number that is no integer": "9007199254740993.5",
  "an empty text": '""',
  "an empty list": "[]",
  "an empty object": "{}",
  "an object that is like a text": '{"toString":"x","length":1}',
  "a list of a list": "[[[1]]]",
  "10,000 levels": nested(10_000),
  "a name that all objects have": '"__proto__"',
  constructor: '"constructor"',
  "a null byte": String.raw`"a\u0000b"`,
  "half a surrogate": String.raw`"\ud800"`,
  "20 kB of text": `"${"x".repeat(20_000)}"`,
  "300 kB of text": `"${"x".repeat(300_000)}"`,
  "a text that breaks lines": String.raw`"a\r\nb\u2028c"`,
  "a far date": '"+275760-09-13T00:00:00.000Z"',
  "an old date": '"-271821-04-20T00:00:00.000Z"',
  "an address with quotes": String.raw`"\"a b\"@example.com <script>"`,
};

/** The harmful bodies under the proof of a genuine one. */
export function* hostile({ signed }: Ground): Generator<Mutation> {
  for (const [what, body] of Object.entries(bodies)) yield { what, request: { ...signed, body } };
}

/** What the provider itself might send one day, or be made to send: rightly signed, and bad all the same. */
export async function* signedHostile({ receiver, unsigned, now }: Ground): AsyncGenerator<Mutation> {
  const sign = async (what: string, body: Bytes): Promise<readonly Mutation[]> => {
    const request = await receiver.sign({ ...unsigned, body }, now);
    return request === undefined ? [] : [{ what, request, original: request }];
  };
  for (const [what, body] of Object.entries(bodies)) yield* await sign(what, body);
  for (const shape of [unsigned, ...(receiver.more ?? [])]) {
    for (const [what, body] of replaced(receiver, shape)) yield* await sign(what, body);
  }
}

const mark = "carillon-mark-7f3a";

/** The genuine body with one value at a time replaced. */
function* replaced(receiver: Receiver, { body }: Request): Generator<readonly [what: string, body: Bytes]> {
  const text = new TextDecoder().decode(body);
  if (receiver.provider === "ses") {
    // SES's own words stand within those of SNS.
    const envelope = objectIn({ body }) ?? {};
    for (const [what, message] of replacedIn(String(envelope["Message"]))) {
      yield [what, utf8(JSON.stringify({ ...envelope, Message: message }))];
    }
    return;
  }
  const changes = /^[[{]/.test(text) ? replacedIn(text) : replacedInForm(text);
  for (const [what, changed] of changes) yield [what, utf8(changed)];
}

function* replacedIn(text: string): Generator<readonly [what: string, text: string]> {
  const json: unknown = JSON.parse(text);
  for (const path of pathsOf(json)) {
    const marked = JSON.stringify(changedAt(json, path));
    for (const [what, value] of Object.entries(values)) {
      yield [`${path.join(".")}: ${what}`, marked.replace(`"${mark}"`, () => value)];
    }
  }
}

function* replacedInForm(text: string): Generator<readonly [what: string, text: string]> {
  for (const [name, given] of new URLSearchParams(text)) {
    const form = (value: string): string => {
      const changed = new URLSearchParams(text);
      changed.set(name, value);
      return `${changed}`;
    };
    for (const [what, value] of Object.entries(values)) yield [`${name}: ${what}`, form(value)];
    if (!given.startsWith("{")) continue;
    for (const [what, value] of replacedIn(given)) yield [`${name}.${what}`, form(value)];
  }
}

/** Of the object itself and of its members, and what is within them. Of a list, its first entry. */
function pathsOf(value: unknown, before: readonly string[] = []): readonly (readonly string[])[] {
  const names = Array.isArray(value) ? Object.keys(value).slice(0, 1) : isObject(value) ? Object.keys(value) : [];
  const within = names.flatMap((name) => pathsOf((value as Record<string, unknown>)[name], [...before, name]));
  return before.length === 0 ? within : [before, ...within];
}

function changedAt(value: unknown, [name, ...rest]: readonly string[]): unknown {
  if (name === undefined) return mark;
  const copy = Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) };
  (copy as Record<string, unknown>)[name] = changedAt((value as Record<string, unknown>)[name], rest);
  return copy;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
