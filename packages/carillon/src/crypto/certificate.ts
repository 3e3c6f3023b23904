import { fromBase64 } from "./bytes.ts";

/** What an X.509 certificate says of a key, without asking who vouches for it: that is not checked here. */
export interface Certificate {
  /** The public key: SubjectPublicKeyInfo in DER, as WebCrypto imports it. */
  readonly spki: Uint8Array<ArrayBuffer>;
  /** Of the subject. */
  readonly commonName: string;
  readonly notBeforeMs: number;
  /** The last millisecond of the last second in which it is valid. */
  readonly notAfterMs: number;
}

type Bytes = Uint8Array<ArrayBuffer>;

interface Element {
  readonly tag: number;
  /** With its tag and length. */
  readonly whole: Bytes;
  readonly content: Bytes;
}

/** Tags of ASN.1 that certificates are made of. */
const integer = 0x02;
const objectId = 0x06;
const sequence = 0x30;
const set = 0x31;
const version = 0xa0;

/** 2.5.4.3, id-at-commonName. */
const commonNameId = "85,4,3";

/**
 * Reads one certificate in PEM. Undefined for anything else: several certificates, an encoding that is not DER, a structure
 * other than RFC 5280 section 4.1 has it, a subject without exactly one common name, a date that does not exist.
 */
export function readCertificate(pem: string): Certificate | undefined {
  const [, base64 = ""] = /^\s*-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----\s*$/.exec(pem) ?? [];
  const der = fromBase64(base64.replace(/\s/g, ""));
  try {
    return der && read(der);
  } catch {
    return undefined;
  }
}

function read(der: Bytes): Certificate {
  const [certificate] = inside(der, [sequence]);
  const [signed] = inside(certificate, [sequence, sequence, 0x03]);
  // Version 1 leaves its number out, and what follows the key are extensions.
  const parts = elements(signed);
  const first = parts[0]?.tag === version ? inside(parts[0].content, [integer]).length : 0;
  // Serial number, algorithm, issuer, and what is read.
  const tags = [integer, sequence, sequence, sequence, sequence, sequence];
  const [, , , validity, subject, key] = expect(parts.slice(first, first + tags.length), tags);
  const [notBefore, notAfter] = elements(validity!.content);
  return {
    spki: key!.whole,
    commonName: commonNameOf(subject!.content),
    notBeforeMs: timeOf(notBefore),
    notAfterMs: timeOf(notAfter) + 999,
  };
}

/** The contents of elements that have these tags, and are all there is. */
function inside(bytes: Bytes, tags: readonly number[]): readonly [Bytes, ...Bytes[]] {
  return expect(elements(bytes), tags).map(({ content }) => content) as [Bytes, ...Bytes[]];
}

function expect(found: readonly Element[], tags: readonly number[]): readonly Element[] {
  if (found.map(({ tag }) => tag).join() !== tags.join()) throw new TypeError("Another structure");
  return found;
}

/** The elements that fill these bytes. Lengths are definite and as short as they can be: DER, not BER. */
function elements(bytes: Bytes): readonly Element[] {
  const found: Element[] = [];
  for (let start = 0; start < bytes.length;) {
    const tag = bytes[start]!;
    let length = bytes[start + 1]!;
    let from = start + 2;
    if (length > 0x7f) {
      const digits = length & 0x7f;
      length = 0;
      for (const digit of bytes.subarray(from, from + digits)) length = length * 256 + digit;
      from += digits;
      if (!digits || digits > 3 || length < Math.max(0x80, 256 ** (digits - 1))) throw new TypeError("Not DER");
    }
    const end = from + length;
    // Tags of several bytes do not occur. A length that is not there makes the end no number.
    if ((tag & 0x1f) === 0x1f || !(end <= bytes.length)) throw new TypeError("Cut short");
    found.push({ tag, whole: bytes.slice(start, end), content: bytes.slice(from, end) });
    start = end;
  }
  return found;
}

function commonNameOf(subject: Bytes): string {
  const names = elements(subject).flatMap(({ tag, content }) => {
    if (tag !== set) throw new TypeError("No name");
    return elements(content).flatMap((attribute) => {
      const [id, value] = elements(attribute.content);
      return id?.tag === objectId && id.content.join() === commonNameId && value ? [value] : [];
    });
  });
  const [name] = names;
  // UTF8String, PrintableString.
  if (names.length !== 1 || !name || ![0x0c, 0x13].includes(name.tag)) throw new TypeError("No common name");
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(name.content);
}

/** UTCTime until 2049, GeneralizedTime from then on, both to the second and in UTC (RFC 5280 section 4.1.2.5). */
function timeOf(element: Element | undefined): number {
  const text = new TextDecoder().decode(element?.content);
  const [, year = "", ...rest] =
    (element?.tag === 0x17
      ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/
      : /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/
    ).exec(text) ?? [];
  const century = year.length > 2 ? "" : Number(year) < 50 ? "20" : "19";
  const [month, day, hour, minute, second] = rest;
  const iso = `${century}${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  // Some parsers turn the 30th of February into the 2nd of March.
  if (![0x17, 0x18].includes(element?.tag ?? 0) || new Date(iso).toISOString() !== iso) throw new TypeError("No time");
  return Date.parse(iso);
}
