/**
 * Makes the files of a new provider: `pnpm new:provider acme [channel]`. They compile; the tests fail until there are
 * fixtures, because a provider that nothing was seen of is not one.
 */
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { identifier } from "./generate.ts";
import { root, run } from "./run.ts";

const templates = join(import.meta.dirname, "provider-template");
const channels = ["email", "sms", "slack", "discord", "webpush", "fcm"];

/** Writes the files under `target`, a copy of the repository; answers their paths. Throws rather than overwrite one. */
export function newProvider(id: string, channel: string, target: string): readonly string[] {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(id))
    throw new Error(`${id}: a provider's id is lower case, words joined by -.`);
  if (!channels.includes(channel)) throw new Error(`${channel}: a channel is one of ${channels.join(", ")}.`);
  const folders: Readonly<Record<string, string>> = {
    provider: `packages/carillon/src/providers/${id}`,
    simulator: "packages/simulator/src/providers",
    docs: "docs/providers",
  };
  const files = globSync("*/**/*.txt", { cwd: templates }).map((template) => {
    const [kind = "", ...rest] = template.split(/[/\\]/);
    const path = join(folders[kind] ?? "", ...rest);
    return { template, path: fill(path.replace(/\.txt$/, ""), id, channel) };
  });
  const taken = files.filter(({ path }) => existsSync(join(target, path))).map(({ path }) => path);
  if (taken.length > 0) throw new Error(`There already: ${taken.join(", ")}.`);
  for (const { template, path } of files) {
    mkdirSync(dirname(join(target, path)), { recursive: true });
    writeFileSync(join(target, path), fill(readFileSync(join(templates, template), "utf8"), id, channel));
  }
  return files.map(({ path }) => path).toSorted();
}

function fill(text: string, id: string, channel: string): string {
  const name = identifier(id);
  return text
    .replaceAll("__id__", id)
    .replaceAll("__name__", name)
    .replaceAll("__Type__", name.slice(0, 1).toUpperCase() + name.slice(1))
    .replaceAll("__ENV__", id.replaceAll("-", "_").toUpperCase())
    .replaceAll("__channel__", channel);
}

if (import.meta.main) {
  const [id, channel = "email"] = process.argv.slice(2);
  if (id === undefined) {
    console.error(`pnpm new:provider <id> [${channels.join(" | ")}]`);
    process.exitCode = 1;
  } else {
    const paths = newProvider(id, channel, root);
    // A long id makes long lines.
    await run("oxfmt", paths, { stdio: "ignore" });
    console.log(paths.join("\n"));
    console.log("\nThen: fixtures with their sources, credentials in packages/simulator/src/credentials.ts,");
    console.log("`pnpm build` and `pnpm generate`. docs/writing-a-provider.md says the rest.");
  }
}
