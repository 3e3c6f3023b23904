/** What a notification is when its sender does not say: asked for by the recipient, such as a receipt. */
export const defaultCategory = "transactional";

/** Stands for every category that is not required. */
export const everyCategory = "*";

export interface Category {
  readonly name: string;
  /** As the page for recipients shows it. */
  readonly title: string;
  /** Nobody can unsubscribe from it: it passes opt-outs, though never a complaint or a hard bounce. */
  readonly required: boolean;
  /** Whether recipients get it who have said nothing of it. */
  readonly wanted: boolean;
}

/** Always there; the deployment's own are added, or say more of these. */
const builtIn: readonly Category[] = [
  { name: defaultCategory, title: "Receipts and account messages", required: true, wanted: true },
  { name: "marketing", title: "News and offers", required: false, wanted: true },
];

const namePattern = /^[a-z0-9][a-z0-9_-]{0,62}$/;

/**
 * Reads `CATEGORIES`: `{"newsletter":{"title":"Our newsletter"},"security":{"title":"Security","required":true}}`, and
 * `"wanted":false` for what recipients must ask for. What cannot be read is said and left out; a category that is unknown
 * is refused when a notification names it.
 */
export function readCategories(json: string | undefined, problems: string[]): ReadonlyMap<string, Category> {
  const categories = new Map(builtIn.map((category) => [category.name, category]));
  if (json === undefined) return categories;
  let given: unknown;
  try {
    given = JSON.parse(json);
  } catch {
    given = undefined;
  }
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    problems.push("CATEGORIES is not a JSON object: only transactional and marketing are known");
    return categories;
  }
  for (const [name, value] of Object.entries(given)) {
    const { title, required = false, wanted = true } = (value ?? {}) as Readonly<Record<string, unknown>>;
    const isTitle = typeof title === "string" && title.trim() !== "" && title.length <= 100;
    if (!namePattern.test(name) || !isTitle || typeof required !== "boolean" || typeof wanted !== "boolean") {
      problems.push(
        "CATEGORIES has an entry that is not { title, required?, wanted? } under a name of a-z, 0-9, _ and -",
      );
    } else if (required && !wanted) {
      problems.push("CATEGORIES has an entry that is required and not wanted");
    } else if (name === defaultCategory && !required) {
      problems.push("CATEGORIES cannot make transactional optional");
    } else {
      categories.set(name, { name, title, required, wanted });
    }
  }
  return categories;
}

/** One that the deployment has lost since is taken for optional: the careful side. */
export function isRequired(categories: ReadonlyMap<string, Category>, name: string): boolean {
  return name === defaultCategory || categories.get(name)?.required === true;
}

/** The category that is asked for among the opt-outs; undefined for what nobody can unsubscribe from. */
export function optionalCategory(
  categories: ReadonlyMap<string, Category>,
  name: string | null | undefined,
): string | undefined {
  return name === null || name === undefined || isRequired(categories, name) ? undefined : name;
}
