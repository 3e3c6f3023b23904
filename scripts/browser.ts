/** Finds a Chromium for the tests that look at pages, or installs one. */
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium } from "playwright-core";
import { toolEnvironment } from "./run.ts";

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** A command on the PATH. */
export function onPath(name: string): string | undefined {
  return (process.env["PATH"] ?? "")
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** Path of an installed Chromium: named by `CHROME_PATH`, on the PATH, or Playwright's own. */
export function installedBrowser(): string | undefined {
  const named = process.env["CHROME_PATH"] ?? process.env["PLAYWRIGHT_CHROMIUM_EXECUTABLE_PATH"];
  if (named !== undefined && named !== "") return existsSync(named) ? named : undefined;
  for (const name of names) {
    const found = onPath(name);
    if (found !== undefined) return found;
  }
  const own = chromium.executablePath();
  return existsSync(own) ? own : undefined;
}

function succeeds(command: string, args: readonly string[]): boolean {
  const env = { ...toolEnvironment(), DEBIAN_FRONTEND: "noninteractive" };
  return spawnSync(command, args, { stdio: ["ignore", "inherit", "inherit"], env, timeout: 600_000 }).status === 0;
}

/** Installs Debian's packages, where that is allowed. */
export function installPackages(...packages: readonly string[]): boolean {
  if (process.getuid?.() !== 0 || onPath("apt-get") === undefined) return false;
  const install = `apt-get update && apt-get install -y --no-install-recommends ${packages.join(" ")}`;
  return succeeds("sh", ["-c", install]);
}

/** Tries Debian's package where that is allowed, and else Playwright's download; undefined when neither works. */
function installBrowser(): string | undefined {
  for (const install of [
    () => installPackages("chromium", "fonts-dejavu-core"),
    () => succeeds("playwright-core", ["install", "chromium"]),
  ]) {
    const found = install() ? installedBrowser() : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Path of a Chromium, installed when there was none. Undefined when none can be had, so that a developer's tests are
 * skipped and reported as skipped; with `CI` set it throws, because there a skipped page is an unseen page.
 */
export function browserPath(): string | undefined {
  const found = installedBrowser() ?? installBrowser();
  if (found === undefined && process.env["CI"] !== undefined) {
    throw new Error("No Chromium: install one, or name one in CHROME_PATH.");
  }
  return found;
}

if (import.meta.main) console.log(browserPath() ?? "No Chromium can be had.");
