/** A webhook as it arrives, or as somebody else made it arrive. Headers are a list: one name may come twice. */
export interface Request {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array<ArrayBuffer>;
}

/** What proves a request, by name: header or field. */
export type Proof = Readonly<Record<string, string>>;

/** Parts of a proof by what they are to be; undefined takes one away. */
export type Changed = Readonly<Record<string, string | undefined>>;

export function headerOf({ headers }: Request, name: string): string | undefined {
  const values = headers.flatMap(([each, value]) => (each.toLowerCase() === name ? value : []));
  return values.length > 0 ? values.join(", ") : undefined;
}

/** Those of the same name are replaced. */
export function withHeaders(request: Request, changed: Changed): Request {
  const kept = request.headers.filter(([name]) => !Object.hasOwn(changed, name.toLowerCase()));
  const set = Object.entries(changed).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  return { ...request, headers: [...kept, ...set] };
}

/** The text of a body, one character a byte, so that no two bodies have the same. */
export function exactly(bytes: Uint8Array): string {
  let text = "";
  for (let start = 0; start < bytes.length; start += 0x2000) {
    text += String.fromCharCode(...bytes.subarray(start, start + 0x2000));
  }
  return text;
}

/** The body as a JSON object, if it is one. */
export function objectIn({ body }: Pick<Request, "body">): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(body));
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}
