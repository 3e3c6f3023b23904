import type { Once } from "./case.ts";

export interface Order {
  readonly inFlight: number;
  readonly forMs: number;
}

export interface Score {
  readonly perSecond: number;
  /** Of all threads of the process. */
  readonly cpuMsEach: number;
}

/** Does it again and again for a time, so many at once, each as soon as one before it is done. */
export async function load(once: Once, { inFlight, forMs }: Order): Promise<Score> {
  let done = 0;
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  const untilMs = startMs + forMs;
  const worker = async (): Promise<void> => {
    while (performance.now() < untilMs) {
      await once();
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  const tookMs = performance.now() - startMs;
  const { user, system } = process.cpuUsage(cpu);
  return { perSecond: (done * 1000) / tookMs, cpuMsEach: (user + system) / 1000 / done };
}
