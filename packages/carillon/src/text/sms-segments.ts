/** 3GPP TS 23.038 section 6.2.1: the default alphabet, without its escape, and the characters that cost an escape more. */
const gsmText = /^[@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&'()*+,\-./0-9:;<=>?¡A-ZÄÖÑÜ§¿a-zäöñüà\f^{}\\[~\]|€]*$/;
const gsmExtension = /[\f^{}\\[~\]|€]/;

export interface SmsSegments {
  /** `GSM-7` when the default alphabet and its extension have every character, else `UCS-2`. */
  readonly encoding: "GSM-7" | "UCS-2";
  /** What travels in each, in order; joined they are the text. Their number is what is paid for; none of an empty text. */
  readonly segments: readonly string[];
  /** Septets of `GSM-7`, where a character of the extension counts two; UTF-16 units of `UCS-2`, an emoji two or more. */
  readonly units: number;
  /** 160 or 70 where one segment holds all; else 153 or 67, for what joins them takes room. */
  readonly unitsPerSegment: number;
  /** What the last segment would still take. */
  readonly unitsLeft: number;
}

/**
 * How a text is cut into SMS. Nothing that takes two units is cut in half: an escape stays with its character, a surrogate
 * with the other. A provider that replaces characters by similar ones may send fewer.
 *
 * Source: 3GPP TS 23.038 section 6.2.1 (alphabet), TS 23.040 section 9.2.3.24.1 (140 octets, of which 6 for concatenation).
 */
export function smsSegments(text: string): SmsSegments {
  const isGsm = gsmText.test(text);
  const unitsOf = (character: string): number => (isGsm && gsmExtension.test(character) ? 2 : character.length);
  // A string's own iterator goes by code points, so a pair of surrogates is one character here.
  const characters = [...text];
  const units = characters.reduce((sum, character) => sum + unitsOf(character), 0);
  const [alone, joined] = isGsm ? [160, 153] : [70, 67];
  const unitsPerSegment = units > alone ? joined : alone;
  const segments: string[] = [];
  let unitsLeft = 0;
  for (const character of characters) {
    const taken = unitsOf(character);
    if (unitsLeft < taken) {
      segments.push("");
      unitsLeft = unitsPerSegment;
    }
    segments.push(segments.pop() + character);
    unitsLeft -= taken;
  }
  return { encoding: isGsm ? "GSM-7" : "UCS-2", segments, units, unitsPerSegment, unitsLeft };
}
