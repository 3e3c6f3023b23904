import type { TestProject } from "vitest/node";
import { type RigUrls, setUp } from "./rig.ts";

declare module "vitest" {
  interface ProvidedContext {
    rig: RigUrls;
  }
}

/** Once for all browsers. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { urls, tearDown } = await setUp();
  project.provide("rig", urls);
  return tearDown;
}
