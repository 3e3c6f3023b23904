import { expect, test } from "vitest";
import { discordMarkdown } from "./discord-markdown.ts";
import { mrkdwn } from "./mrkdwn.ts";

const anchor = (url: string, label: string): string =>
  `<a href="${url}" target="_blank" rel="noopener noreferrer nofollow">${label}</a>`;

test.each([
  ["*bold* _italic_ ~strike~ `code`", "<b>bold</b> <i>italic</i> <s>strike</s> <code>code</code>"],
  ["*bold _and italic_*", "<b>bold <i>and italic</i></b>"],
  ["2*3*4 snake_case_name", "2*3*4 snake_case_name"],
  ["* not * bold", "* not * bold"],
  ["*two\nlines*", "*two\nlines*"],
  ["1 &lt; 2 &amp;amp; &gt;", "1 &lt; 2 &amp;amp; &gt;"],
  ["`a &lt; b *c*`", "<code>a &lt; b *c*</code>"],
  ["<https://a.example/?a=1&amp;b=2|here>", anchor("https://a.example/?a=1&amp;b=2", "here")],
  ["<https://a.example>", anchor("https://a.example", "https://a.example")],
  ["<mailto:a@example.com|mail>", anchor("mailto:a@example.com", "mail")],
  ["<javascript:alert(1)|x>", "x"],
  [
    "<@U1> <#C1|general> <!here>",
    '<span class="mention">@U1</span> <span class="mention">#general</span> <span class="mention">@here</span>',
  ],
  ["<!date^1^{date}|fallback>", "fallback"],
  ["&gt; quoted *b*\nnext", '<span class="quote">quoted <b>b</b></span>next'],
  ["```\n*raw*\n```", '<code class="block">*raw*</code>'],
  ["<b>x</b>", "bx/b"],
])("mrkdwn %j", async (text, shown) => {
  expect(String(await mrkdwn(text))).toBe(shown);
});

test.each([
  ["**b** *i* _i_ __u__ ~~s~~ `c`", "<b>b</b> <i>i</i> <i>i</i> <u>u</u> <s>s</s> <code>c</code>"],
  ["***both***", "<b><i>both</i></b>"],
  ["||secret||", '<span class="spoiler">secret</span>'],
  ["# Title\ntext", '<span class="heading h1">Title</span>text'],
  ["> quoted\nnot", '<span class="quote">quoted</span>not'],
  ["- one\n- two", "• one\n• two"],
  ["[a](https://a.example)", anchor("https://a.example", "a")],
  ["[a](javascript:alert(1))", "[a](javascript:alert(1))"],
  ["see https://a.example/x.", `see ${anchor("https://a.example/x.", "https://a.example/x.")}`],
  [
    "<@1> <#2> <@&3> <:ok:4>",
    '<span class="mention">@1</span> <span class="mention">#2</span> <span class="mention">@3</span> :ok:',
  ],
  ["\\*plain\\*", "*plain*"],
  ["```js\na < b\n```", '<code class="block">a &lt; b</code>'],
  ["snake_case_name", "snake_case_name"],
  ["<b>", "&lt;b&gt;"],
])("Discord's markdown %j", async (text, shown) => {
  expect(String(await discordMarkdown(text))).toBe(shown);
});
