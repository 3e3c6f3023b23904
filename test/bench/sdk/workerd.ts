import { join } from "node:path";
import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { pushRequests } from "./push-requests.ts";
import { spread, type Spread } from "./statistics.ts";
import type { Work } from "./worker.ts";

export interface WorkerdScore {
  readonly name: string;
  readonly inFlight: number;
  /** Carillon, without Node compatibility. */
  readonly plain: Spread;
  /** Both with Node compatibility; web-push runs with nothing less. */
  readonly compatible: Spread;
  readonly official: Spread;
}

/** Before 2026-08-04, when Node compatibility became workerd's default. */
const compatibilityDate = "2026-08-01";

/** `web-push` is left out of the bundle that has no Node to run on. */
async function bundle(withOfficial: boolean): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, "worker.ts")],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    mainFields: ["module", "main"],
    external: ["node:*"],
    logLevel: "error",
    ...(withOfficial
      ? {
          platform: "node",
          // CommonJS asks for Node's modules by `require`.
          banner: { js: 'import { createRequire } from "node:module";\nconst require = createRequire("/");' },
        }
      : { external: ["node:*", "web-push"] }),
  });
  return outputFiles[0]?.text ?? "";
}

async function start(withOfficial: boolean): Promise<Miniflare> {
  return new Miniflare(
    convertV4MiniflareOptions({
      modules: [{ type: "ESModule", path: "worker.mjs", contents: await bundle(withOfficial) }],
      compatibilityDate,
      compatibilityFlags: withOfficial ? ["nodejs_compat"] : [],
    }),
  );
}

async function perSecond(worker: Miniflare, work: Work): Promise<number> {
  const startMs = performance.now();
  const response = await worker.dispatchFetch("https://bench.example", { method: "POST", body: JSON.stringify(work) });
  const said = await response.text();
  if (!response.ok) throw new Error(`${work.side}, ${work.name}: ${said}`);
  return (work.count * 1000) / (performance.now() - startMs);
}

/** Web Push requests in workerd, in turns. A round before the first is not counted. */
export async function measureWorkerd(rounds: number, count: number): Promise<readonly WorkerdScore[]> {
  const [plain, compatible] = await Promise.all([start(false), start(true)]);
  try {
    const scores: WorkerdScore[] = [];
    for (const { name, inFlight: numbers } of pushRequests) {
      for (const inFlight of numbers) {
        const taken = { plain: [] as number[], compatible: [] as number[], official: [] as number[] };
        for (let round = 0; round <= rounds; round++) {
          const work = { name, inFlight, count };
          const ours = await perSecond(plain, { ...work, side: "carillon" });
          const theirs = await perSecond(compatible, { ...work, side: "official" });
          const alike = await perSecond(compatible, { ...work, side: "carillon" });
          if (round === 0) continue;
          taken.plain.push(ours);
          taken.official.push(theirs);
          taken.compatible.push(alike);
        }
        scores.push({
          name,
          inFlight,
          plain: spread(taken.plain),
          compatible: spread(taken.compatible),
          official: spread(taken.official),
        });
      }
    }
    return scores;
  } finally {
    await Promise.all([plain.dispose(), compatible.dispose()]);
  }
}
