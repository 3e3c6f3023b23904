import { describe, expect, it } from "vitest";
import { plainText } from "./plain-text.ts";

const fixtures = import.meta.glob<string>("./fixtures/*", { query: "?raw", import: "default", eager: true });

describe("plainText of whole mails", () => {
  const names = Object.keys(fixtures).filter((name) => name.endsWith(".html"));

  it("has fixtures", () => expect(names.length).toBeGreaterThan(2));

  it.each(names)("renders %s as its text file says", (name) => {
    expect(`${plainText(fixtures[name] ?? "")}\n`).toBe(fixtures[name.replace(".html", ".txt")]);
  });
});

describe("plainText", () => {
  it.each([
    ["nothing", "", ""],
    ["text alone", "  Hello \n world ", "Hello world"],
    ["paragraphs", "<p>One</p><p>Two</p>", "One\n\nTwo"],
    ["blocks", "<div>One</div><div>Two</div>", "One\nTwo"],
    ["nested blocks as one break", "<div><div><div>One</div></div></div><div>Two</div>", "One\nTwo"],
    ["line breaks", "One<br>Two<br/><br />Three", "One\nTwo\n\nThree"],
    ["headings", "Before<h1>Title</h1>After", "Before\n\nTitle\n\nAfter"],
    ["a rule", "One<hr>Two", "One\n\nTwo"],
    ["inline elements without gaps", "un<b>believ</b>able", "unbelievable"],
    ["a gap that only markup holds", "<b>a</b> <i>b</i>", "a b"],
    ["pictures", '<img src="x.png" alt="Our logo">', "Our logo"],
    ["a tracking pixel as nothing", '<p>Hi</p><img src="p.gif" width=1 alt="">', "Hi"],
    ["a table by rows and cells", "<table><tr><th>Item<th>Price<tr><td>Tea<td>3</table>", "Item Price\nTea 3"],
    ["bullets", "<ul><li>One<li>Two</ul>", "- One\n- Two"],
    ["numbers", "<ol><li>One</li><li>Two</li></ol>", "1. One\n2. Two"],
    ["lists in lists", "<ul><li>One<ol><li>Two</li></ol></li><li>Three</li></ul>", "- One\n\n1. Two\n\n- Three"],
    ["entities", "&lt;b&gt; &amp; &ldquo;&euro;&rdquo; &hellip;", "<b> & “€” …"],
    ["an entity once, not twice", "&amp;lt;", "&lt;"],
    ["numeric entities", "&#8364; &#x1F600; &#0;&#xD800;&#x110000;", "€ 😀 \ufffd\ufffd\ufffd"],
    ["signs of newsletters", "Read more&nbsp;&raquo; &copy; 2026 &rarr;", "Read more » © 2026 →"],
    ["letters with accents", "caf&eacute; &Uuml;ber &ntilde; &ccedil;a va &szlig; &oslash;", "café Über ñ ça va ß ø"],
    ["unknown entities as they are", "&nothing; &xacute; &xamp; &; &#; AT&T", "&nothing; &xacute; &xamp; &; &#; AT&T"],
    ["non-breaking spaces as spaces", "10&nbsp;000", "10 000"],
    ["signs that start no tag", "1 < 2 <3 a<=b", "1 < 2 <3 a<=b"],
  ])("renders %s", (_, html, text) => {
    expect(plainText(html)).toBe(text);
  });

  it.each([
    ["keeps the address of a link", '<a href="https://x.test/?a=1&amp;b=2">Go</a>.', "Go (https://x.test/?a=1&b=2)."],
    ["knows a link by its href, not by an alt", '<a alt="Shop" href="https://x.test/">Go</a>', "Go (https://x.test/)"],
    ["says an address once", '<a href="https://example.com/">example.com</a>', "example.com"],
    ["shows the address of a link without text", '<a href="https://x.test/"><img src=a></a>', "https://x.test/"],
    ["uses a picture's alt as the link's text", '<a href="https://x.test/"><img alt=Go></a>', "Go (https://x.test/)"],
    ["shows a mail link bare", '<a href="mailto:a@b.test?subject=x">Write</a>', "Write (a@b.test)"],
    ["drops fragments and scripts", '<a href="#top">Top</a> <a href="javascript:x()">Run</a>', "Top Run"],
    [
      "ends an open link at the next",
      '<a href="https://a.test/">A<a href="https://b.test/">B</a>',
      "A (https://a.test/)B (https://b.test/)",
    ],
    ["reads > inside a value", '<a title="a > b" href=https://x.test/>Go</a>', "Go (https://x.test/)"],
    [
      "decodes no reference in front of =",
      '<a href="https://x.test/?a=1&copy=2">Go</a>',
      "Go (https://x.test/?a=1&copy=2)",
    ],
  ])("%s", (_, html, text) => {
    expect(plainText(html)).toBe(text);
  });

  it.each([
    ["styles", "<style>p > a { color: red }</style>x"],
    ["scripts that write tags", '<script>document.write("</p><b>no</b>")</script>x'],
    ["the title", "<head><title>no</title></head>x"],
    ["comments, conditional ones too", "<!-- no > no --><!--[if mso]><p>no</p><![endif]-->x"],
    ["what stands around a downlevel-revealed comment", "<![if !mso]>x<![endif]>"],
    ["templates", "<template><p>no</p></template>x"],
    ["a preheader", '<div style="color:red; DISPLAY : none;max-height:0">no<div>no</div></div>x'],
    ["padding of a preheader", "x&zwnj;&nbsp;&#847;&zwnj;&nbsp;&shy;".replace("x", "x ")],
    ["the doctype", "<!DOCTYPE html><?xml version='1.0'?>x"],
  ])("leaves out %s", (_, html) => {
    expect(plainText(html)).toBe("x");
  });

  it("keeps joiners that hold an emoji together", () => {
    expect(plainText("👨\u200d👩\u200d👧")).toBe("👨\u200d👩\u200d👧");
  });

  it.each([
    ["<", 1e6],
    ["<a", 1e6],
    ['<a x="', 5e5],
    ["<!--", 5e5],
    ["<!-- --", 5e5],
    ["=", 2e6],
    ["<style>", 3e5],
    ["<div>", 3e5],
    ["<ul><li>", 2e5],
    ["<blockquote>x", 2e5],
    ["<a href=https://x.test>x", 1e5],
    ['<p style="display:none', 2e5],
    ["<div style=display:none>", 2e5],
    ["<a =", 5e5],
    ["<a x=\"\" y=''", 5e5],
    ["<a ==", 5e5],
    ["&aaaaaaa", 3e5],
    [" ", 2e6],
    ["<pre> ", 2e5],
    ["\u200c", 1e6],
  ])("takes time in proportion to a flood of %j", (piece, count) => {
    const cost = (times: number): number => {
      const start = performance.now();
      expect(plainText(`${piece.repeat(times)}x`).length).toBeLessThan(piece.length * times * 10 + 100);
      return performance.now() - start;
    };
    cost(1000);
    // Quadratic work would take minutes at this length.
    expect(cost(count)).toBeLessThan(5000);
  });
});
