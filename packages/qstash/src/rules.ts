import type { OptionRules } from "carillon/provider";

type Rule = OptionRules[string];

/** An absolute URL without a fragment, which is never sent; of one that changes when it is parsed, the signature would not fit. */
export const handlerUrl: Rule = (value) =>
  (typeof value === "string" && /^https?:\/\//.test(value) && !value.includes("#") && isCanonical(value)) ||
  "the handler's absolute http or https URL, as its requests have it";

function isCanonical(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { href, pathname, search } = new URL(url);
  return href === url || (pathname === "/" && search === "" && href === `${url}/`);
}

export const signingKey: Rule = (value) =>
  (typeof value === "string" && /^[!-~]+$/.test(value)) || "a signing key, sig_...";

export const callable: Rule = (value) => typeof value === "function" || "a function";

/** An object with these methods. */
export function having(...methods: readonly string[]): Rule {
  return (value) =>
    (typeof value === "object" &&
      value !== null &&
      methods.every((method) => typeof (value as Readonly<Record<string, unknown>>)[method] === "function")) ||
    `an object with ${methods.join(" and ")}`;
}

export function wholeNumber(min: number, max: number): Rule {
  return (value) =>
    (Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max) || `a whole number, ${min} to ${max}`;
}

export function oneOf(...allowed: readonly unknown[]): Rule {
  return (value) => allowed.includes(value) || `one of ${allowed.join(", ")}`;
}
