import { describe, expect, it } from "vitest";
import { urlProblem } from "./url.ts";

const strict = { ports: [], loopback: false };

describe("a webhook may go to", () => {
  it.each([
    "https://app.example.com/hooks",
    "https://app.example.com:443/hooks?tenant=4",
    "https://xn--bcher-kva.example/",
    "https://bücher.example/",
    "https://app.example.com./hooks",
    "https://8.8.8.8/",
    "https://172.15.255.255/",
    "https://172.32.0.0/",
    "https://100.63.255.255/",
    "https://100.128.0.0/",
    "https://[2606:4700::1111]/",
    "https://[2001:4860:4860::8888]/",
    "https://internal.example.com/",
    "https://localhost.example.com/",
  ])("%s", (url) => {
    expect(urlProblem(url, strict)).toBeUndefined();
  });
});

describe("a webhook must not go to", () => {
  it.each([
    ["no URL", "app.example.com"],
    ["an empty text", ""],
    ["plain http", "http://app.example.com/"],
    ["another scheme", "ftp://app.example.com/"],
    ["a data URL", "data:text/plain,x"],
    ["credentials", "https://user:secret@app.example.com/"],
    ["a user alone", "https://user@app.example.com/"],
    ["a host that hides behind a user", "https://app.example.com@127.0.0.1/"],
    ["a fragment", "https://app.example.com/#x"],
    ["an empty fragment", "https://app.example.com/#"],
    ["another port", "https://app.example.com:8443/"],
    ["the port of a database", "https://app.example.com:5432/"],
    ["localhost", "https://localhost/"],
    ["below localhost", "https://app.localhost/"],
    ["a name without a dot", "https://metadata/"],
    ["a name without a dot that ends in one", "https://metadata./"],
    ["Google's metadata", "https://metadata.google.internal/computeMetadata/v1/"],
    ["an internal name that ends in a dot", "https://metadata.google.internal./"],
    ["an internal name in capitals", "https://METADATA.GOOGLE.INTERNAL/"],
    ["an internal name in wide letters", "https://db.ｉnternal/"],
    ["a name of mDNS", "https://printer.local/"],
    ["a home network", "https://router.home.arpa/"],
    ["a company's network", "https://wiki.corp/"],
    ["a name for tests", "https://app.test/"],
    ["loopback", "https://127.0.0.1/"],
    ["loopback, elsewhere in its block", "https://127.8.9.10/"],
    ["loopback as one number", "https://2130706433/"],
    ["loopback in hex", "https://0x7f000001/"],
    ["loopback in octal", "https://0177.0.0.1/"],
    ["loopback, shortened", "https://127.1/"],
    ["loopback, percent-encoded", "https://%31%32%37.0.0.1/"],
    ["loopback in wide digits", "https://１２７.0.0.1/"],
    ["loopback that ends in a dot", "https://127.0.0.1./"],
    ["this network", "https://0.0.0.0/"],
    ["10/8", "https://10.1.2.3/"],
    ["172.16/12", "https://172.16.0.1/"],
    ["the end of 172.16/12", "https://172.31.255.255/"],
    ["192.168/16", "https://192.168.1.1/"],
    ["carrier-grade NAT", "https://100.64.0.1/"],
    ["Alibaba's metadata", "https://100.100.100.200/"],
    ["link-local, AWS's and Azure's metadata", "https://169.254.169.254/latest/meta-data/"],
    ["protocol assignments, Oracle's metadata", "https://192.0.0.192/"],
    ["documentation", "https://203.0.113.7/"],
    ["benchmarks", "https://198.19.0.1/"],
    ["multicast", "https://224.0.0.1/"],
    ["broadcast", "https://255.255.255.255/"],
    ["IPv6 loopback", "https://[::1]/"],
    ["IPv6 unspecified", "https://[::]/"],
    ["IPv4 in IPv6", "https://[::ffff:127.0.0.1]/"],
    ["a public IPv4 in IPv6", "https://[::ffff:8.8.8.8]/"],
    ["NAT64 of a private address", "https://[64:ff9b::10.0.0.1]/"],
    ["unique local", "https://[fd00:ec2::254]/"],
    ["IPv6 link-local", "https://[fe80::1]/"],
    ["IPv6 multicast", "https://[ff02::1]/"],
    ["IPv6 documentation", "https://[2001:db8::1]/"],
    ["newer IPv6 documentation", "https://[3fff:1::1]/"],
    ["Teredo", "https://[2001:0:4136:e378::1]/"],
    ["6to4 of loopback", "https://[2002:7f00:1::]/"],
    ["what is too long", `https://app.example.com/${"x".repeat(2_000)}`],
  ])("%s", (_, url) => {
    expect(urlProblem(url, strict)).toMatch(/^expected /);
  });
});

describe("with the deployment's leave", () => {
  it("further ports are open, and no others", () => {
    const policy = { ports: [8443], loopback: false };
    expect(urlProblem("https://app.example.com:8443/", policy)).toBeUndefined();
    expect(urlProblem("https://app.example.com:9443/", policy)).toBe("expected port 443 or 8443");
    expect(urlProblem("https://10.0.0.1:8443/", policy)).toBeDefined();
  });

  it.each([
    ["http://127.0.0.1:3000/hooks", true],
    ["http://localhost:3000/hooks", true],
    ["https://localhost/hooks", true],
    ["http://127.0.0.2/", false],
    ["http://user@127.0.0.1/", false],
    ["http://192.168.0.1/", false],
    ["http://app.example.com/", false],
    ["ws://127.0.0.1/", false],
  ])("this machine is reached: %s %s", (url, allowed) => {
    expect(urlProblem(url, { ports: [], loopback: true }) === undefined).toBe(allowed);
  });
});
