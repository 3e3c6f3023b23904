/** The longest text that is reported of a failure, in UTF-16 units. */
export const maxDetailLength: number = 500;

const mask = "[redacted]";
/** Read from the beginning of a longer text, so that a hostile answer costs no more than a short one. */
const scannedLength = 2000;
/** The shortest beginning of a secret that is masked at the end of a text. */
const leastCutLength = 6;

/**
 * Makes the function that cleans reported text: every spelling of the given secrets and whatever looks like an e-mail
 * address is masked, control characters and white space become single spaces, and the rest is cut to
 * {@link maxDetailLength}.
 */
export function redactor(secrets: Iterable<string>): (text: unknown) => string {
  const known = new Set<string>();
  for (const secret of secrets) for (const spelling of spellings(secret)) known.add(spelling);
  known.delete("");
  // The longest first: a secret that contains another one goes as a whole.
  const literals = [...known].sort((a, b) => b.length - a.length);
  const escaped = literals.map((text) => text.replace(/[^\w\s]/g, "\\$&"));
  const pattern = literals.length > 0 ? new RegExp(escaped.join("|"), "gi") : undefined;
  return (given) => {
    // A provider may hand on what is no text, whatever its types say.
    const text = String(given);
    const clean = pattern ? maskCutEnd(text.replace(pattern, mask), literals) : text;
    return clean
      .slice(0, scannedLength)
      .replace(/[^\s@<>()"',;:]{1,256}@[^\s@<>()"',;:]*/g, mask)
      .replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, " ")
      .trim()
      .slice(0, maxDetailLength)
      .replace(/[\ud800-\udbff]$/, "");
  };
}

/** A text that was cut before it came here may end in the middle of a secret. */
function maskCutEnd(text: string, secrets: readonly string[]): string {
  for (const secret of secrets) {
    for (let length = secret.length - 1; length >= leastCutLength; length--) {
      if (text.endsWith(secret.slice(0, length))) return text.slice(0, -length) + mask;
    }
  }
  return text;
}

/** A secret as it may come back: as it is, in a URL or a form, in JSON, and in base64 (alone or inside of something longer). */
function spellings(secret: string): string[] {
  if (secret === "") return [];
  const bytes = new TextEncoder().encode(secret);
  const json = JSON.stringify(secret).slice(1, -1);
  let url = "";
  for (const byte of bytes) {
    const char = String.fromCharCode(byte);
    url += /[\w.~-]/.test(char) ? char : `%${byte.toString(16).padStart(2, "0")}`;
  }
  const wellFormed = new TextDecoder().decode(bytes);
  const all = [secret, json, json.replaceAll("/", "\\/"), url, encodeURI(wellFormed), encodeURIComponent(wellFormed)];
  all.push(url.replaceAll("%20", "+"));
  for (let shift = 0; shift < 3; shift++) {
    // The characters that share bits with what stands before or after are left out.
    const start = [0, 2, 3][shift] as number;
    const end = Math.floor(((bytes.length + shift) * 8) / 6);
    let binary = "\0".repeat(shift);
    for (const byte of bytes) binary += String.fromCharCode(byte);
    const base64 = btoa(binary).slice(start, end);
    // Shorter ones would hit innocent text.
    if (base64.length >= 6) all.push(base64, base64.replaceAll("+", "-").replaceAll("/", "_"));
  }
  return all;
}
