import { expect, it } from "vitest";
import * as carillon from "./index.ts";

it("exports what callers need, and nothing by accident", () => {
  expect(Object.keys(carillon).sort()).toEqual([
    "CallError",
    "CarillonError",
    "ConfigurationError",
    "allowlist",
    "backoffMs",
    "capture",
    "createMemory",
    "createNotifier",
    "eventTypes",
    "evidenceOf",
    "evidenceOrder",
    "failureKinds",
    "failureTable",
    "isFailing",
    "joinEvidence",
    "joinStatus",
    "mayHaveBeenSent",
    "nextStep",
    "operation",
    "receiveWebhook",
    "redirect",
    "retryAfterMs",
    "signStandardWebhook",
    "smsSegments",
    "statusOrder",
    "tokenExchange",
    "transport",
  ]);
});
