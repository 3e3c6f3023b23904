import { parseArgs } from "node:util";
import { UsageError, keyKinds } from "./keys.ts";
import type { KeyKind, Variables } from "./keys.ts";

export interface Ran {
  readonly exitCode: 0 | 2;
  readonly out: string;
  readonly error: string;
}

const width = Math.max(...keyKinds.map(({ name }) => name.length)) + 2;

export const help: string = `Usage: carillon keys <kind> [options]

Makes a key and prints it as variables of the Worker. Nothing is stored or sent.

Kinds:
${keyKinds.map(({ name, help }) => `  ${name.padEnd(width)}${help}`).join("\n")}

Options:
  --subject <url>  of vapid: whom a push service may write to, mailto:ops@example.com
  --id <name>      of unsubscribe and recipient-token: the key's name, by default the month
  --json           prints an object
  --help           prints this
`;

/** Runs the command of these arguments (without node's own); what it prints, and how it ends. */
export function run(args: readonly string[], now: Date): Ran {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        subject: { type: "string" },
        id: { type: "string" },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
    if (values.help === true) return { exitCode: 0, out: help, error: "" };
    const kind = kindOf(positionals);
    for (const option of ["subject", "id"] as const) {
      if (values[option] !== undefined && !kind.takes.includes(option)) {
        throw new UsageError(`--${option}: keys ${kind.name} takes none`);
      }
    }
    const variables = kind.make({ subject: values.subject, id: values.id, now });
    const note = kind.takes.includes("subject") && values.subject === undefined ? missingSubject : "";
    return {
      exitCode: 0,
      out: values.json === true ? `${JSON.stringify(variables, null, 2)}\n` : lines(variables),
      error: note,
    };
  } catch (error) {
    if (!(error instanceof UsageError) && !isArgumentError(error)) throw error;
    return { exitCode: 2, out: "", error: `${error.message}\n\n${help}` };
  }
}

const missingSubject = "Set WEBPUSH_VAPID_SUBJECT, too: a mailto: or https: URL that push services may write to.\n";

function kindOf([command, name, ...rest]: readonly string[]): KeyKind {
  const kind = keyKinds.find((one) => one.name === name);
  if (command !== "keys" || rest.length > 0) throw new UsageError("expected: carillon keys <kind>");
  if (kind === undefined) {
    throw new UsageError(`expected a kind of key: ${keyKinds.map((one) => one.name).join(", ")}`);
  }
  return kind;
}

function lines(variables: Variables): string {
  return Object.entries(variables)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}

/** What `parseArgs` throws for arguments that it does not know. */
function isArgumentError(error: unknown): error is Error {
  return error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS_");
}
