import { headerName, isHeaderValue } from "../wire/check.ts";
import { parseDelay } from "./duration.ts";
import { defaultRetries, limits } from "./limits.ts";
import type { CallbackOptions, DeliveryOptions, FlowLimits, HeaderList, MessageOptions } from "./record.ts";
import { Refusal } from "./refusal.ts";
import { parseRetryDelay } from "./retry-delay.ts";

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE"];
const weekSeconds = 604_800;

/** Names of queues and schedules. */
export const resourceName: RegExp = /^[A-Za-z0-9._-]+$/;

/** What the headers of a publish, an enqueue, a batch's item or a schedule say. Throws a {@link Refusal}. */
export function readOptions(headers: Headers, nowMs: number): MessageOptions {
  const given = (name: string): string | undefined => headers.get(`upstash-${name}`)?.trim() || undefined;
  const contentType = headers.get("content-type");
  const forwarded = forwardedBy("upstash-forward-", headers);
  const flowControl = readFlowControl(given("flow-control-key"), given("flow-control-value"));
  const options: MessageOptions = {
    ...readDelivery("upstash-", headers),
    headers: [...forwarded, ...(contentType === null ? [] : [["content-type", contentType] as const])],
    notBeforeMs: readNotBefore(given("not-before")),
    callback: readCallback("upstash-callback", headers),
    failureCallback: readCallback("upstash-failure-callback", headers),
    labels: listOf(given("label")),
    flowControl,
    redact: listOf(given("redact-fields")),
  };
  const waitMs = options.notBeforeMs === undefined ? (options.delayMs ?? 0) : options.notBeforeMs - nowMs;
  if (waitMs > limits.maxDelayMs) throw new Refusal(412, "quota maxDelay exceeded");
  return options;
}

function readDelivery(prefix: string, headers: Headers): Omit<DeliveryOptions, "headers"> {
  const given = (name: string): string | undefined => headers.get(prefix + name)?.trim() || undefined;
  const duration = (name: string): number | undefined => {
    const text = given(name);
    const ms = text === undefined ? undefined : parseDelay(text);
    if (text !== undefined && ms === undefined)
      throw invalid(prefix + name, "expected a duration like 1d10h30m or 50s");
    return ms;
  };
  const method = given("method") ?? "POST";
  if (!methods.includes(method)) throw invalid(`${prefix}method`, `expected one of ${methods.join(", ")}`);
  const retries = given("retries");
  if (retries !== undefined && !/^\d{1,9}$/.test(retries)) throw invalid(`${prefix}retries`, "expected a number");
  if (Number(retries ?? 0) > limits.maxRetries) throw new Refusal(412, "quota maxRetries exceeded");
  const expression = given("retry-delay");
  if (expression !== undefined && !parseRetryDelay(expression)) {
    throw invalid(`${prefix}retry-delay`, "not a valid expression");
  }
  return {
    method,
    maxRetries: retries === undefined ? defaultRetries : Number(retries),
    retryDelayExpression: expression,
    timeoutMs: duration("timeout"),
    delayMs: duration("delay"),
  };
}

function readNotBefore(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,12}$/.test(text)) throw invalid("upstash-not-before", "expected a unix timestamp in seconds");
  return Number(text) * 1000;
}

function readCallback(name: string, headers: Headers): CallbackOptions | undefined {
  const url = headers.get(name)?.trim();
  if (!url) return undefined;
  if (!isHttpUrl(url)) throw invalid(name, "endpoint has invalid scheme, add http:// or https://");
  const forwarded = forwardedBy(`${name}-forward-`, headers);
  return { ...readDelivery(`${name}-`, headers), url, headers: [...forwarded, ["content-type", "application/json"]] };
}

function forwardedBy(prefix: string, headers: Headers): HeaderList {
  return [...headers].flatMap(([name, value]) => {
    const forwarded = name.startsWith(prefix) ? name.slice(prefix.length) : "";
    return headerName.test(forwarded) && isHeaderValue(value) ? [[forwarded, value] as const] : [];
  });
}

function readFlowControl(
  key: string | undefined,
  value: string | undefined,
): (FlowLimits & { readonly key: string }) | undefined {
  if (key === undefined && value === undefined) return undefined;
  if (key === undefined || value === undefined) {
    throw new Refusal(400, "Upstash-Flow-Control-Key and Upstash-Flow-Control-Value belong together");
  }
  const found: Record<string, number> = {};
  for (const part of value.split(",")) {
    const [, name = "", amount = ""] = /^\s*(\w+)\s*=\s*(\S+)\s*$/.exec(part) ?? [];
    const known = name.toLowerCase();
    const number = known === "period" ? periodSeconds(amount) : wholeNumber(amount);
    if (!["parallelism", "rate", "period"].includes(known) || number === undefined) {
      throw invalid("upstash-flow-control-value", "expected parallelism=<n>, rate=<n>, period=<duration>");
    }
    found[known] = number;
  }
  if (found["parallelism"] === undefined && found["rate"] === undefined) {
    throw invalid("upstash-flow-control-value", "expected parallelism or rate");
  }
  return { key, parallelism: found["parallelism"], rate: found["rate"], periodSeconds: found["period"] };
}

/** Seconds, bare or with a unit: one second to one week. */
function periodSeconds(text: string): number | undefined {
  const seconds = wholeNumber(text) ?? (parseDelay(text) ?? 0) / 1000;
  return seconds >= 1 && seconds <= weekSeconds ? seconds : undefined;
}

export function wholeNumber(text: string): number | undefined {
  return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined;
}

function listOf(text: string | undefined): readonly string[] {
  return (text ?? "").split(",").flatMap((part) => part.trim() || []);
}

export function isHttpUrl(text: string): boolean {
  return /^https?:\/\//i.test(text) && URL.canParse(text);
}

function invalid(header: string, problem: string): Refusal {
  return new Refusal(400, `invalid header ${header}: ${problem}`);
}
