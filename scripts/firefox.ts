/** Finds a Firefox for the tests that subscribe a real browser, or installs one. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Browser, detectBrowserPlatform, install, resolveBuildId } from "@puppeteer/browsers";
import { installPackages, onPath } from "./browser.ts";
import { root } from "./run.ts";

const names = ["firefox-esr", "firefox"];

/** Path of an installed Firefox: named by `FIREFOX_PATH`, or on the PATH. */
export function installedFirefox(): string | undefined {
  const named = process.env["FIREFOX_PATH"];
  if (named !== undefined && named !== "") return existsSync(named) ? named : undefined;
  for (const name of names) {
    const found = onPath(name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Debian's package where that is allowed, and else Mozilla's build; undefined when neither can be had. */
async function installFirefox(): Promise<string | undefined> {
  const found = installPackages("firefox-esr", "fonts-dejavu-core") ? installedFirefox() : undefined;
  if (found !== undefined) return found;
  const platform = detectBrowserPlatform();
  if (platform === undefined) return undefined;
  try {
    const buildId = await resolveBuildId(Browser.FIREFOX, platform, "esr");
    const cacheDir = join(root, ".carillon/browsers");
    return (await install({ browser: Browser.FIREFOX, buildId, cacheDir })).executablePath;
  } catch (error) {
    console.warn(`Firefox could not be downloaded: ${String(error)}`);
    return undefined;
  }
}

/**
 * Path of a Firefox, installed when there was none. Undefined when none can be had, so that a developer's tests are skipped
 * and reported as skipped; with `CI` set it throws.
 */
export async function firefoxPath(): Promise<string | undefined> {
  const found = installedFirefox() ?? (await installFirefox());
  if (found === undefined && process.env["CI"] !== undefined) {
    throw new Error("No Firefox: install one, or name one in FIREFOX_PATH.");
  }
  return found;
}

if (import.meta.main) console.log((await firefoxPath()) ?? "No Firefox can be had.");
