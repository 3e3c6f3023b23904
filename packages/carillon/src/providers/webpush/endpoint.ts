/** Origins that browsers are known to subscribe at: Chrome's, other Chromiums', Firefox's, Safari's, and Edge's on Windows. */
const pushServices =
  /^https:\/\/(fcm\.googleapis\.com|jmt17\.google\.com|[\w-]+\.push\.(services\.mozilla|apple)\.com|([\w-]+\.)+notify\.windows\.com)$/;

/** IP addresses, names without a dot, and names that no public name server knows (RFC 6761, 6762, 8375, and in use). */
const privateHost = /^\[|^[\d.]+$|^[^.]+\.?$|\.(local(host)?|internal|lan|home\.arpa)\.?$/;

/**
 * The endpoint, if a message may go there. It comes from a browser, or from whoever claims to be one: without a list, a
 * stranger would choose what the server connects to.
 */
export function readEndpoint(endpoint: string, allow?: (endpoint: URL) => boolean): URL | undefined {
  const url = new URL(endpoint);
  const isAllowed = pushServices.test(url.origin) || (!privateHost.test(url.hostname) && allow?.(url) === true);
  return isAllowed ? url : undefined;
}
