/**
 * `npm start -- --scheduler qstash`: runs a script of this folder, with its arguments, under the Node and pnpm that the
 * repository needs, whatever the machine has. JavaScript, because an older Node runs this very file.
 */
import { spawn } from "node:child_process";

const tools = ["node@24", "pnpm@12"].map((tool) => `--package=${tool}`);
const installsNothing = new Set(["reset"]);

const [script = "start", ...args] = process.argv.slice(2);

/** For the shell that npm starts, on any platform. */
function quoted(arg) {
  if (/["'`$\\%!\n]/.test(arg)) throw new Error(`An argument cannot be handed on: ${arg}`);
  return `"${arg}"`;
}

const command = ["node", `scripts/${script}.ts`, ...args.map(quoted)].join(" ");
const call = installsNothing.has(script) ? command : `pnpm install --frozen-lockfile && ${command}`;

// npm says where it is; by its own name it would need a shell on Windows.
const npm = process.env.npm_execpath ?? "";
const [runner, ...prefix] = /npm-cli\.[cm]?js$/.test(npm) ? [process.execPath, npm, "exec"] : ["npx"];
const child = spawn(runner, [...prefix, "--yes", ...tools, "--call", call], { stdio: "inherit" });

// A terminal tells everybody of Ctrl-C; who is killed alone passes it on. What counts is how the script ends.
process.on("SIGINT", () => undefined);
for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("error", (error) => {
  console.error(error.message);
  process.exitCode = 1;
});
child.on("exit", (code) => {
  process.exitCode = code ?? 1;
});
