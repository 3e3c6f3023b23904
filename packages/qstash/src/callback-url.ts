/** Marks the calls that bring a dead message, so that one handler takes both. */
const parameter = "carillon-dead";

/** Where QStash brings the messages that it gave up. */
export function deadLetterUrl(url: string): string {
  const callback = new URL(url);
  callback.searchParams.set(parameter, "1");
  return callback.href;
}

export function bringsDeadLetter(requestUrl: string): boolean {
  return new URL(requestUrl).searchParams.has(parameter);
}
