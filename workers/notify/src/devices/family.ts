/**
 * Kinds of browsers and of what registers apps' tokens, by a mark in `User-Agent`. The first that is found counts: browsers name
 * the ones that they want to be taken for, too.
 */
const families: readonly (readonly [family: string, mark: RegExp])[] = [
  ["edge", /\bEdg(A|iOS)?\//],
  ["opera", /\b(OPR|OPT)\//],
  ["samsung", /\bSamsungBrowser\//],
  ["firefox", /\b(Firefox|FxiOS)\//],
  ["chrome", /\b(Chrome|Chromium|CriOS)\//],
  ["safari", /\bVersion\/[\d.]+ (Mobile\/\w+ )?Safari\//],
  ["android", /\b(okhttp\/|Dalvik\/)/],
  ["apple", /\b(CFNetwork|Darwin)\//],
];

/** The family of a `User-Agent`, which is all that is kept of it; undefined when it is none that is known. */
export function familyOf(userAgent: string | undefined): string | undefined {
  return userAgent === undefined ? undefined : families.find(([, mark]) => mark.test(userAgent))?.[0];
}
