const rows = Array.from(
  { length: 10 },
  (_, line) =>
    `<tr><td>${line + 1} ×</td><td>Item ${line + 1} &amp; co.</td><td align="right">${line * 7}.90 €</td></tr>`,
);

/** An order's e-mail, 1.1 kB of HTML. */
export const email = {
  from: "shop@example.com",
  to: "ada@example.com",
  subject: "Your order 1042",
  html: `<!doctype html><html><body><h1>Thank you, Ada</h1><p>Your order is on its way.</p><table>${rows.join("")}</table><p><a href="https://shop.example.com/orders/1042">See your order</a></p></body></html>`,
  text: "Thank you, Ada. Your order is on its way: https://shop.example.com/orders/1042",
} as const;

export const sms = { from: "+15005550006", to: "+447700900123", text: "Your order 1042 is on its way." } as const;

export const chat = {
  text: "Deployed api v2",
  blocks: [
    { type: "header", text: { type: "plain_text", text: "Deployed" } },
    { type: "section", text: { type: "mrkdwn", text: "*api* v2 by <https://example.com|Ada>" } },
  ],
  embeds: [{ title: "Deployed", description: "api v2", fields: [{ name: "by", value: "Ada" }] }],
} as const;

export const push = { title: "Your order", body: "Order 1042 is on its way.", data: { order: "1042" } } as const;
