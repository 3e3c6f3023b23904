import { objectOf, type ReceiptInfo, receiptInfo, textOf } from "./payload.ts";

/** The arguments of `showNotification`. */
export interface Shown {
  readonly title: string;
  readonly options: NotificationOptions;
}

/** What a notification carries in its `data.carillon`, for when it is clicked or closed. */
export interface Carried extends Partial<ReceiptInfo> {
  /** Where a click leads. */
  readonly navigate?: string | undefined;
  /** Where a click on an action's button leads. */
  readonly actions?: Readonly<Record<string, string>> | undefined;
}

/**
 * The notification that a payload asks for: declarative (`{ web_push: 8030, notification }`), classic (`{ title, body, ... }`,
 * alone or below `notification`), or a text. What a click opens is `navigate`, or `url` there or in `data`.
 *
 * @param fallbackTitle Of a payload that has none.
 */
export function notificationOf(payload: unknown, fallbackTitle: string): Shown {
  const whole = objectOf(payload) ?? {};
  const { title, navigate, url, data, actions, carillon: _, ...rest } = objectOf(whole["notification"]) ?? whole;
  const ownData = objectOf(data) ?? objectOf(whole["data"]);
  const links = (Array.isArray(actions) ? actions : []).flatMap((one: unknown) => {
    const { action, navigate } = objectOf(one) ?? {};
    return typeof action === "string" && typeof navigate === "string" ? [[action, navigate] as const] : [];
  });
  const carried: Carried = {
    ...(receiptInfo(ownData?.["carillon"]) ?? receiptInfo(whole["carillon"])),
    navigate: textOf(navigate) ?? textOf(url) ?? textOf(ownData?.["url"]),
    ...(links.length > 0 && { actions: Object.fromEntries(links) }),
  };
  const body = typeof payload === "string" ? payload : undefined;
  const shown = {
    ...(body !== undefined && { body }),
    ...rest,
    ...(Array.isArray(actions) && { actions }),
    // What is no object has no room for more.
    data: { ...(ownData ?? (data !== undefined && { value: data })), carillon: carried },
  };
  return { title: textOf(title) ?? fallbackTitle, options: shown as NotificationOptions };
}

export function carriedBy({ data }: Notification): Carried {
  return (objectOf(objectOf(data)?.["carillon"]) ?? {}) as Carried;
}
