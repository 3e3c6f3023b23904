import { expect, it } from "vitest";
import { userAgent } from "./user-agent.ts";

const files = import.meta.glob<string>("../../package.json", { query: "?raw", import: "default", eager: true });

it("names the package's major version", () => {
  const { name, version } = JSON.parse(Object.values(files)[0] as string) as { name: string; version: string };
  expect(userAgent).toBe(`${name}/${version.split(".")[0]}`);
});
