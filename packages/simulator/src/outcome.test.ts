import { expect, test } from "vitest";
import { outcomeOf } from "./outcome.ts";

test.each([
  ["bounced@simulator.test", ["sent", "bounced"]],
  ["Bounced+1@Simulator.test", ["sent", "bounced"]],
  ["bounced@example.com", ["sent", "delivered"]],
  ["+15005550011", ["sent", "bounced"]],
  ["+15005550014", ["sent", "delivered", "unsubscribed"]],
  ["+15005550006", ["sent", "delivered"]],
  ["bounced-cGVyc29u:APA91b", ["sent", "bounced"]],
  ["failed-", ["failed"]],
  ["bounced", ["sent", "delivered"]],
  ["constructor-x", ["sent", "delivered"]],
  ["", ["sent", "delivered"]],
])("a message to %j ends as %j", (recipient, events) => {
  expect(outcomeOf(recipient)).toEqual(events);
});
