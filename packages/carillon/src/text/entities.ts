/** Each name before its character. */
const characters =
  "amp&lt<gt>quot\"apos'nbsp\u00a0copy©reg®trade™hellip…mdash—ndash–lsquo‘rsquo’ldquo“rdquo”bull•middot·euro€pound£deg°" +
  "times×laquo«raquo»shy\u00adzwnj\u200c";

function numbered(code: number): string {
  // 27 is what surrogates begin with; alone they are no characters.
  return code > 0 && code < 0x110000 && code >> 11 !== 27 ? String.fromCodePoint(code) : "\ufffd";
}

/**
 * Replaces every numeric reference, and the names of signs that mail uses. All others stay as they are, those of accented
 * letters too (mails are UTF-8), and so does one without its semicolon: `&copy=` in a link's query is none.
 */
export function decodeEntities(text: string): string {
  return text.replace(/&(?:#(\d+|x[\da-f]+)|(\w{2,8}));/gi, (whole: string, code?: string, name = "") =>
    code ? numbered(Number(`0${code}`)) : (new RegExp(`\\b${name}(\\W)`).exec(characters)?.[1] ?? whole),
  );
}
