import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { smsSegments } from "./sms-segments.ts";

/** 3GPP TS 23.038 section 6.2.1, in the order of the codes; 0x1B is the escape, and no character. */
const basic =
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const extension = "\f^{}\\[~]|€";

const countOf = (text: string): number => smsSegments(text).segments.length;

describe("the alphabet", () => {
  test("has the 127 characters of the default alphabet, one unit each", () => {
    expect(new Set(basic).size).toBe(127);
    expect(smsSegments(basic)).toMatchObject({ encoding: "GSM-7", units: 127, unitsPerSegment: 160, unitsLeft: 33 });
  });

  test("has the ten characters of the extension, two units each", () => {
    expect(new Set(extension).size).toBe(10);
    expect(smsSegments(extension)).toMatchObject({ encoding: "GSM-7", units: 20 });
  });

  test.each(["`", "ç", "á", "ê", "“", "’", "–", "…", "\t", "\u00a0", "\0", "\u001b", "Α", "漢", "🙂"])(
    "lacks %j, which makes the whole text UCS-2",
    (character) => {
      expect(smsSegments(`hello ${character}`)).toMatchObject({ encoding: "UCS-2", units: 6 + character.length });
    },
  );

  test("is the same for any character of the Basic Multilingual Plane, asked one by one", () => {
    const gsm = new Set(basic + extension);
    for (let code = 0; code < 0xd800; code++) {
      const character = String.fromCharCode(code);
      expect(smsSegments(character).encoding === "GSM-7", character).toBe(gsm.has(character));
    }
  });
});

describe("the limits", () => {
  test.each([
    ["GSM-7", "a", 160, 153],
    ["UCS-2", "ж", 70, 67],
  ] as const)("of %s", (encoding, character, alone, joined) => {
    const of = (length: number): ReturnType<typeof smsSegments> => smsSegments(character.repeat(length));
    expect(of(1)).toEqual({
      encoding,
      segments: [character],
      units: 1,
      unitsPerSegment: alone,
      unitsLeft: alone - 1,
    });
    expect(of(alone)).toMatchObject({ segments: { length: 1 }, unitsLeft: 0 });
    expect(of(alone + 1)).toMatchObject({ segments: { length: 2 }, unitsPerSegment: joined });
    expect(of(2 * joined)).toMatchObject({ segments: { length: 2 }, unitsLeft: 0 });
    expect(of(2 * joined + 1)).toMatchObject({ segments: { length: 3 }, unitsLeft: joined - 1 });
  });

  test("an empty text has no segment", () => {
    expect(smsSegments("")).toEqual({ encoding: "GSM-7", segments: [], units: 0, unitsPerSegment: 160, unitsLeft: 0 });
  });

  test("an escape is not cut from its character", () => {
    const { segments, units } = smsSegments(`${"a".repeat(152)}€${"b".repeat(152)}`);
    expect(units).toBe(306);
    // 306 units would be two full segments, but the euro does not fit into what the first has left.
    expect(segments).toEqual(["a".repeat(152), `€${"b".repeat(151)}`, "b"]);
  });

  test("a pair of surrogates is not cut in half", () => {
    const { segments, units } = smsSegments(`${"ж".repeat(66)}🙂${"ж".repeat(66)}`);
    expect(units).toBe(134);
    expect(segments).toEqual(["ж".repeat(66), `🙂${"ж".repeat(65)}`, "ж"]);
  });

  test("35 emoji fit into one, 36 do not", () => {
    expect([countOf("🙂".repeat(35)), countOf("🙂".repeat(36))]).toEqual([1, 2]);
  });
});

test("the segments of any text are the text, none too long, none that could have held the next character", () => {
  const character = fc.oneof(
    fc.constantFrom(...basic),
    fc.constantFrom(...extension),
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }),
  );
  fc.assert(
    fc.property(fc.array(character, { maxLength: 500 }), (characters) => {
      const text = characters.join("");
      const { encoding, segments, units, unitsPerSegment, unitsLeft } = smsSegments(text);
      const cost = (part: string): number =>
        encoding === "UCS-2" ? part.length : part.length + [...part].filter((one) => extension.includes(one)).length;
      expect(segments.join("")).toBe(text);
      expect(units).toBe(cost(text));
      for (const [index, segment] of segments.entries()) {
        expect(cost(segment)).toBeLessThanOrEqual(unitsPerSegment);
        const next = [...(segments[index + 1] ?? "")][0];
        if (next !== undefined) expect(cost(segment + next)).toBeGreaterThan(unitsPerSegment);
      }
      expect(unitsLeft).toBe(segments.length === 0 ? 0 : unitsPerSegment - cost(segments.at(-1) ?? ""));
    }),
  );
});
