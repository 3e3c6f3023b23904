import { createServer } from "node:net";

/** A port that cannot be had, or is none. The message is for whoever set it. */
export class PortError extends Error {
  override readonly name = "PortError";
}

export interface ChosenPort {
  readonly port: number;
  /** Set when another was wanted. */
  readonly instead: number | undefined;
}

/** How far a search for a free port goes. */
const reach = 100;

/**
 * The port that a variable names, which must be free then; else the first free one from `usual` upwards, leaving out
 * those that are spoken for.
 */
export async function choosePort(
  variable: string,
  usual: number,
  spokenFor: readonly number[] = [],
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<ChosenPort> {
  const named = environment[variable];
  if (named !== undefined && named !== "") {
    const port = Number(named);
    if (!/^\d+$/.test(named) || port < 1 || port > 65_535) {
      throw new PortError(`${variable} is not a port: expected a number from 1 to 65535.`);
    }
    if (spokenFor.includes(port) || !(await isFree(port))) {
      throw new PortError(`Port ${port}, which ${variable} names, is taken. Free it, or name another.`);
    }
    return { port, instead: undefined };
  }
  for (let port = usual; port < usual + reach; port += 1) {
    if (!spokenFor.includes(port) && (await isFree(port))) {
      return { port, instead: port === usual ? undefined : usual };
    }
  }
  throw new PortError(`No port from ${usual} to ${usual + reach - 1} is free. Name one in ${variable}.`);
}

/** Nobody listens there, neither on this address nor on all of them. */
async function isFree(port: number): Promise<boolean> {
  return (await canListen(port, "127.0.0.1")) && (await canListen(port, "0.0.0.0"));
}

function canListen(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}
