const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

/**
 * Text from elsewhere, to be put into a message's `text` or a `mrkdwn` object: afterwards it cannot make links, mentions
 * (`<!channel>`) or entities. Signs of formatting (`*`, `_`, `~`, a backtick) stay, as Slack has no escape for them.
 *
 * Source: https://docs.slack.dev/messaging/formatting-message-text#escaping (read 2026-11-23): these three and no others
 */
export function escapeMrkdwn(text: string): string {
  return text.replace(/[&<>]/g, (sign) => entities[sign] as string);
}
