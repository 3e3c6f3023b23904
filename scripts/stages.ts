import { existsSync, globSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { root } from "./run.ts";
import type { Stage } from "./stage.ts";

/** Runs first and alone: the others need what it writes. */
export const generate: Stage = { name: "generate", command: ["node", "scripts/generate.ts"] };

/** Every check of the repository. What a folder decides is found by looking, so that nothing new is left out. */
export function stages(): readonly Stage[] {
  return [
    ...vitestStages(),
    { name: "format", command: ["oxfmt", "--check"] },
    { name: "lint", command: ["oxlint", "--deny-warnings"] },
    ...typeStages(),
    { name: "readme", command: ["node", "scripts/generate.ts", "--check"] },
    { name: "changeset", command: ["changeset", "status"] },
    ...systemStages(),
  ];
}

function typeStages(): readonly Stage[] {
  const patterns = ["tsconfig.json", "{packages,workers,examples}/*/tsconfig*.json"];
  return globSync(patterns, { cwd: root })
    .toSorted()
    .map((file) => {
      const variant = /^tsconfig\.(\w+)\.json$/.exec(basename(file))?.[1];
      const subject = dirname(file) === "." ? "house" : dirname(file);
      return {
        name: variant === undefined ? `types ${subject}` : `types ${subject} ${variant}`,
        command: ["tsc", "--project", file],
      };
    });
}

function vitestStages(): readonly Stage[] {
  const workers = globSync("workers/*/vitest{,.*}.config.ts", { cwd: root }).toSorted();
  return [
    { name: "unit workerd", command: ["vitest", "run", "--project", "workerd"], vitest: true },
    { name: "package", command: ["vitest", "run", "--project", "package"], vitest: true },
    { name: "unit node", command: ["vitest", "run", "--project", "node"], vitest: true },
    { name: "parity", command: ["vitest", "run", "--project", "parity"], vitest: true },
    { name: "forgery", command: ["vitest", "run", "--project", "forgery"], vitest: true },
    ...workers.map((file): Stage => {
      const [folder, config] = [dirname(file), basename(file)];
      const variant = /^vitest\.(\w+)\.config\.ts$/.exec(config)?.[1];
      return {
        name: variant === undefined ? folder : `${folder} ${variant}`,
        command: ["vitest", "run", "--root", folder, "--config", config],
        vitest: true,
      };
    }),
  ];
}

/** Tests that start the whole service: they own its ports and measure time. */
function systemStages(): readonly Stage[] {
  return ["e2e", "e2e-qstash", "browser", "chaos", "crash-steps", "builds", "soak"]
    .filter((name) => existsSync(join(root, "test", name.replace("-qstash", "").replace("crash-steps", "chaos"))))
    .map((name) => ({ name, command: ["vitest", "run", "--project", name], vitest: true, alone: true }));
}
