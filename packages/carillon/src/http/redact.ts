/** The longest text that is reported of a failure, in UTF-16 units. */
export const maxDetailLength: number = 500;

const mask = "[redacted]";
/** Read from the beginning of a longer text, so that a hostile answer costs no more than a short one. */
const scannedLength = 2000;
/** The shortest beginning of a secret that is masked at the end of a text, and the shortest piece of base64 at all. */
const leastLength = 6;

/**
 * Makes the function that cleans reported text: every spelling of the given secrets and whatever looks like an e-mail
 * address is masked, control characters and white space become single spaces, and the rest is cut to
 * {@link maxDetailLength}.
 */
export function redactor(secrets: readonly string[]): (text: unknown) => string {
  // The longest first: a secret that contains another one goes as a whole.
  const known = [...new Set(secrets.filter(Boolean).flatMap(spellings))].sort((a, b) => b.length - a.length);
  // Nothing, as a pattern, is everywhere; what matches nowhere is the opposite.
  const pattern = new RegExp(known.map((text) => text.replace(/[^\w\s]/g, "\\$&")).join("|") || "(?!)", "gi");
  return (text) =>
    // A provider may hand on what is no text, whatever its types say.
    maskCutEnd(String(text).replace(pattern, mask), known)
      .slice(0, scannedLength)
      // Anything like an address, but for the labels of addresses (`a***@example.com`), which are made to be shown.
      .replace(/[^\s@<>()"',;:]{1,256}(?<!\*\*\*)@[^\s@<>()"',;:]*/g, mask)
      .replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, " ")
      .trim()
      .slice(0, maxDetailLength)
      .replace(/[\ud800-\udbff]$/, "");
}

/** A text that was cut before it came here may end in the middle of a secret. */
function maskCutEnd(text: string, secrets: readonly string[]): string {
  for (const secret of secrets) {
    for (let length = secret.length - 1; length >= leastLength; length--) {
      if (text.endsWith(secret.slice(0, length))) return text.slice(0, -length) + mask;
    }
  }
  return text;
}

/** A secret as it may come back: as it is, in JSON, in a URL or a form, and in base64 (alone or inside of something longer). */
function spellings(secret: string): string[] {
  const bytes = new TextEncoder().encode(secret);
  const wellFormed = new TextDecoder().decode(bytes);
  const json = JSON.stringify(secret).slice(1, -1);
  const url = encodeURIComponent(wellFormed);
  const strict = url.replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16)}`);
  const all = [
    secret,
    json,
    json.replaceAll("/", "\\/"),
    encodeURI(wellFormed),
    url,
    strict,
    strict.replaceAll("%20", "+"),
  ];
  const binary = String.fromCharCode(...bytes);
  for (const shift of [0, 1, 2]) {
    // The characters that share bits with what stands before or after are left out.
    const base64 = btoa("\0".repeat(shift) + binary).slice(shift && shift + 1, ((binary.length + shift) * 8) / 6);
    // Shorter ones would hit innocent text.
    if (base64.length >= leastLength) all.push(base64, base64.replaceAll("+", "-").replaceAll("/", "_"));
  }
  return all;
}
