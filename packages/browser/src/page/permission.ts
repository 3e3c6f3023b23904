import { PushError } from "./error.ts";

/**
 * Asks the person, where that has not been done. Browsers do so in the handler of a click or a key alone, and some of them
 * hold it against a page that asks otherwise; so nothing is awaited before.
 */
export async function askPermission(): Promise<void> {
  let permission = Notification.permission;
  if (permission === "default") {
    // Browsers that do not tell refuse by themselves.
    if (navigator.userActivation?.isActive === false) {
      throw new PushError("no-user-gesture", "Call subscribe() in the handler of a click or a key, before any await.");
    }
    permission = await Notification.requestPermission();
  }
  if (permission === "denied") throw new PushError("blocked", "Notifications are blocked in the browser's settings.");
  if (permission === "default") throw new PushError("dismissed", "The question for permission was closed.");
}
