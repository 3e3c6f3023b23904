import { createSimulator, type Simulator, type SimulatorOptions } from "@carillon/simulator";
import { BatchInterceptor } from "@mswjs/interceptors";
import { ClientRequestInterceptor } from "@mswjs/interceptors/ClientRequest";
import { FetchInterceptor } from "@mswjs/interceptors/fetch";
import { type Arrived, type Fields, fieldsOf } from "./arrived.ts";

/** A simulator that official SDKs and Carillon both reach, each as it is, with nothing of theirs replaced. */
export interface Rig {
  readonly simulator: Simulator;
  /** For `createNotifier({ fetch })`. */
  readonly fetch: (input: string, init: RequestInit) => Promise<Response>;
  /**
   * Runs what an official SDK does: everything that it sends over HTTP/1.1, by `fetch` or by Node's `http` and `https`, is
   * answered by the simulator. Nothing else may run beside it.
   */
  official<T>(run: () => Promise<T>): Promise<T>;
  /** The requests since the last call, in the order in which they arrived. */
  arrived(): readonly Arrived[];
}

export function createRig(options: SimulatorOptions = {}): Rig {
  const simulator = createSimulator(options);
  let requests: Arrived[] = [];

  async function answer(request: Request): Promise<Response> {
    const body = new Uint8Array(await request.clone().arrayBuffer());
    const { method, headers } = request;
    const response = await simulator.fetch(request);
    requests.push({ method, url: new URL(request.url), headers: new Headers(headers), body, status: response.status });
    return response;
  }

  return {
    simulator,
    fetch: (input, init) => answer(new Request(input, init)),
    async official(run) {
      const interceptor = new BatchInterceptor({
        name: "parity",
        interceptors: [new ClientRequestInterceptor(), new FetchInterceptor()],
      });
      // oxlint-disable-next-line typescript/no-misused-promises -- it waits for its listeners
      interceptor.on("request", async ({ request, controller }) => {
        controller.respondWith(await answer(request));
      });
      interceptor.apply();
      try {
        return await run();
      } finally {
        interceptor.dispose();
      }
    },
    arrived() {
      const since = requests;
      requests = [];
      return since;
    },
  };
}

/** A difference that is meant, and why. `field` is a name of {@link Fields}; an expression stands for several. */
export interface Allowed {
  readonly field: string | RegExp;
  readonly reason: string;
}

/** Holds what Carillon sends to what the official SDK sends. */
export interface Parity {
  readonly rig: Rig;
  /**
   * Lets both do the same, compares the requests one by one, and throws with every difference that is not allowed.
   * Requests of one side alone (a token's) are for `ignore`.
   */
  same(official: () => Promise<unknown>, carillon: () => Promise<unknown>): Promise<void>;
  /** Reasons of the allowed differences that did not occur: to be asserted empty when all is done, so that none outlives its cause. */
  unused(): readonly string[];
}

export interface ParityOptions {
  readonly allowed: readonly Allowed[];
  readonly simulator?: SimulatorOptions | undefined;
  /** Requests that are not compared. */
  readonly ignore?: ((request: Arrived) => boolean) | undefined;
}

export function createParity({ allowed, simulator, ignore = () => false }: ParityOptions): Parity {
  const rig = createRig(simulator);
  const used = new Set<Allowed>();
  const compared = (): readonly Arrived[] => rig.arrived().filter((request) => !ignore(request));
  return {
    rig,
    async same(official, carillon) {
      rig.arrived();
      await rig.official(official);
      const theirs = compared();
      const result = await carillon();
      const ours = compared();
      if (theirs.length !== ours.length || theirs.length === 0) {
        const counts = `the official SDK made ${theirs.length} requests, Carillon ${ours.length}`;
        throw new Error(`${counts}, and said ${JSON.stringify(result)}`);
      }
      const differences = await compare(theirs, ours, allowed, used);
      if (differences.length > 0) throw new Error(`The requests differ:\n${differences.join("\n")}`);
    },
    unused: () => allowed.filter((rule) => !used.has(rule)).map(({ reason }) => reason),
  };
}

/** One line for each difference that is not allowed; marks the allowed ones that occurred as used. */
async function compare(
  official: readonly Arrived[],
  carillon: readonly Arrived[],
  allowed: readonly Allowed[],
  used: Set<Allowed>,
): Promise<readonly string[]> {
  const differences: string[] = [];
  for (const [index, theirs] of official.entries()) {
    const left = await fieldsOf(theirs);
    const right = await fieldsOf(carillon[index]!);
    for (const field of new Set([...left.keys(), ...right.keys()])) {
      if (left.get(field) === right.get(field)) continue;
      const rule = allowed.find((rule) => covers(rule, field));
      if (rule) used.add(rule);
      else differences.push(`${field}: official ${show(left, field)}, Carillon ${show(right, field)}`);
    }
  }
  return differences;
}

function covers({ field }: Allowed, name: string): boolean {
  return typeof field === "string" ? field === name : field.test(name);
}

function show(fields: Fields, field: string): string {
  return fields.has(field) ? JSON.stringify(fields.get(field)) : "nothing";
}
