/** Named references of U+00A0 to U+00FF in order (HTML 2.0 and 3.2): what older templates escape European text with. */
const latin1 =
  "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml".split(
    " ",
  );

/** The other names that mail uses, each before its character. */
const others =
  "amp & lt < gt > quot \" apos ' hellip … mdash — ndash – lsquo ‘ rsquo ’ sbquo ‚ ldquo “ rdquo ” bdquo „ lsaquo ‹ rsaquo › bull • euro € trade ™ dagger † Dagger ‡ permil ‰ prime ′ Prime ″ minus − larr ← uarr ↑ rarr → darr ↓ harr ↔ check ✓ star ☆ hearts ♥ OElig Œ oelig œ Scaron Š scaron š Yuml Ÿ fnof ƒ infin ∞ ne ≠ le ≤ ge ≥ zwnj \u200c zwj \u200d lrm \u200e rlm \u200f ensp \u2002 emsp \u2003 thinsp \u2009".split(
    " ",
  );

/** Numbers 128 to 159 mean Windows-1252 (https://html.spec.whatwg.org/multipage/parsing.html#numeric-character-reference-end-state). */
const windows1252 = "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ";

function named(name: string): string | undefined {
  const index = latin1.indexOf(name);
  if (index >= 0) return String.fromCharCode(160 + index);
  const at = others.indexOf(name);
  return at >= 0 && at % 2 === 0 ? others[at + 1] : undefined;
}

function numbered(code: number): string {
  if (code >= 128 && code < 160) return windows1252.charAt(code - 128);
  const isCharacter = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
  return isCharacter ? String.fromCodePoint(code) : "\ufffd";
}

/** Unknown names stay as they are, and so does `&copy=` in a link's query. */
export function decodeEntities(text: string): string {
  return text.replace(
    /&(?:#x([\da-f]+);?|#(\d+);?|([a-z]\w{1,7})(?:;|(?![=\w])))/gi,
    (whole: string, hex?: string, decimal?: string, name?: string) =>
      name === undefined ? numbered(Number.parseInt(hex ?? decimal ?? "", hex ? 16 : 10)) : (named(name) ?? whole),
  );
}
