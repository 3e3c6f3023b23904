/** A secret that signs, under a name, so that several can be known while they change. */
export interface SigningKey {
  readonly id: string;
  readonly secret: string;
}

/** A shorter secret could be found by trying. */
const minSecretLength = 32;

/** `2027:secret,2026:older secret`: what cannot be read is said, without a value, and left out. */
export function readSigningKeys(variable: string, text: string | undefined, problems: string[]): readonly SigningKey[] {
  if (text === undefined) return [];
  const keys: SigningKey[] = [];
  const parts = text.split(",");
  for (const part of parts) {
    const [, id, secret] = /^\s*([\w-]{1,16}):([!-+\--~]+)\s*$/.exec(part) ?? [];
    if (id === undefined || secret === undefined || secret.length < minSecretLength) continue;
    if (!keys.some((key) => key.id === id)) keys.push({ id, secret });
  }
  if (keys.length < parts.length) {
    problems.push(
      `${variable} has a part that is not <id>:<secret of at least ${minSecretLength} characters>, each id once: it is not used`,
    );
  }
  return keys;
}
