/** What the demonstration says, in every channel. */

type Content = Readonly<Record<string, unknown>>;

const from = { email: "hello@bellfounders.example", name: "Bellfounders" };

function page(body: string): string {
  return `<!doctype html>
<html lang="en">
<body style="margin:0;background:#f2f1ec;font-family:Georgia,'Times New Roman',serif;color:#24303a">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr><td align="center" style="padding:28px 12px">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="max-width:520px;background:#fff;border-top:4px solid #b8862f">
<tr><td style="padding:28px 32px 8px;font-size:14px;letter-spacing:.14em;text-transform:uppercase;color:#b8862f">Bellfounders</td></tr>
<tr><td style="padding:0 32px 32px;font-size:16px;line-height:1.6">${body}</td></tr>
</table></td></tr></table>
</body>
</html>`;
}

const cell = "padding:9px 0;border-bottom:1px solid #e6e2d8";

export const receipt: Content = {
  from,
  subject: "Your receipt for order 1042",
  html: page(`<h1 style="font-size:25px;line-height:1.3;margin:6px 0 14px">Thank you, your order is on its way</h1>
<p style="margin:0 0 18px">It leaves the foundry today. Here is what you bought.</p>
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="font-size:15px">
<tr><td style="${cell}">Hand bell, C sharp</td><td align="right" style="${cell}">84.00</td></tr>
<tr><td style="${cell}">Leather strap</td><td align="right" style="${cell}">12.50</td></tr>
<tr><td style="padding:9px 0"><strong>Total</strong></td><td align="right" style="padding:9px 0"><strong>96.50</strong></td></tr>
</table>
<p style="margin:22px 0 0"><a href="https://bellfounders.example/orders/1042" style="display:inline-block;background:#24303a;color:#fff;text-decoration:none;padding:11px 22px">See the order</a></p>`),
  tags: ["receipt"],
  headers: { "X-Order": "1042" },
};

export const invitation: Content = {
  from,
  subject: "You are invited to the ringing practice",
  html: page(
    `<h1 style="font-size:25px;line-height:1.3;margin:6px 0 14px">Thursday at seven, in the tower</h1><p style="margin:0">Beginners are welcome. Bring shoes that you can climb in.</p>`,
  ),
  tags: ["invitation"],
};

export const reminder: Content = {
  from,
  subject: "Reminder: ringing practice tonight",
  text: "Tonight at seven, in the tower. The door is on the north side.",
};

export const newsletter: Content = {
  from,
  subject: "News from the foundry",
  text: "We cast a tenor of eleven hundredweight this month, and it rang true.",
};

export const nextNewsletter: Content = {
  from,
  subject: "More news from the foundry",
  text: "The tenor was hung today, and the treble is in its mould.",
};

export const signIn: Content = {
  from,
  subject: "Your sign-in code",
  html: page(
    `<p style="margin:6px 0 14px">Enter this code to sign in. It holds for ten minutes.</p><p style="margin:0;font:700 32px/1.2 monospace;letter-spacing:.2em">482 913</p>`,
  ),
  tags: ["sign-in"],
};

export const text: Content = {
  text:
    "Your bell is ready. Collect it on Thursday between seven and nine, at the north door of the foundry. " +
    "Bring two strong friends: it weighs forty kilos. Questions? Ring us.",
};

export const blocks: Content = {
  text: "Casting 118 is done: 1 of 2 moulds held",
  blocks: [
    { type: "header", text: { type: "plain_text", text: "Casting 118 is done" } },
    {
      type: "section",
      text: { type: "mrkdwn", text: "*Tenor in D*, 550 kg. The metal was poured at *1,140 °C* and is cooling." },
      fields: [
        { type: "mrkdwn", text: "*Mould*\nloam, second use" },
        { type: "mrkdwn", text: "*Opens*\nMonday, 08:00" },
      ],
    },
    { type: "divider" },
    { type: "context", elements: [{ type: "mrkdwn", text: "Foundry floor · <https://bellfounders.example/118|log>" }] },
  ],
};

export const embed: Content = {
  username: "Bellfounders",
  text: "A new peal has been rung:",
  embeds: [
    {
      title: "Plain Bob Major, 5,056 changes",
      url: "https://bellfounders.example/peals/77",
      description: "First peal on eight for **three** of the band.",
      color: 0xb8862f,
      fields: [
        { name: "Where", value: "St Mary, north tower", inline: true },
        { name: "Time", value: "3 h 02 min", inline: true },
      ],
      footer: { text: "Peal 77" },
    },
  ],
};

export const push: Content = {
  notification: {
    title: "Practice starts in an hour",
    body: "In the tower, at seven.",
    navigate: "https://bellfounders.example/practice",
  },
  urgency: "high",
  ttlSeconds: 3600,
};

export const alarm: Content = {
  notification: {
    title: "The belfry door is open",
    body: "Nobody is on the rota tonight.",
    navigate: "https://bellfounders.example/belfry",
  },
  urgency: "high",
  ttlSeconds: 3600,
};

export const alarmText: Content = { text: "The belfry door has been open for two minutes. Was that you?" };

export const alarmEmail: Content = {
  from: { email: "belfry@bellfounders.example", name: "The belfry" },
  subject: "The belfry door is still open",
  text: "It was opened an hour ago, and nobody has said why.",
};

export const notification: Content = {
  title: "Your order has left",
  body: "Order 1042 is on its way, and due on Friday.",
  data: { order: "1042" },
  priority: "high",
};
