import type { Fault, NotificationRequest } from "./api.ts";

/** A message of the demonstration, and what should become of it. */
export interface Demonstrated extends Pick<NotificationRequest, "channel" | "content"> {
  readonly title: string;
  readonly to: string;
  readonly expected: {
    readonly status: string;
    /** Who is asked to carry it, in order; each once, however many times it is tried. */
    readonly providers: readonly string[];
  };
  /** Set up in the simulator first. */
  readonly fault?: Fault;
  /** Gets its address suppressed. */
  readonly suppresses?: true;
}

/** Tries on one provider before the next is asked. */
const triesPerProvider = 3;

/** The demonstration: `run` makes its addresses new. The simulator's domain decides by the local part what happens. */
export function demonstratedMessages(run: string): readonly Demonstrated[] {
  const delivered = `delivered+${run}@simulator.test`;
  const gone = `bounced+${run}@simulator.test`;
  const failover = `delivered+failover-${run}@simulator.test`;
  return [
    {
      title: "Delivered",
      channel: "email",
      to: delivered,
      content: receipt,
      expected: { status: "delivered", providers: ["resend"] },
    },
    {
      title: "Bounced, so its address is suppressed",
      channel: "email",
      to: gone,
      content: invitation,
      suppresses: true,
      expected: { status: "bounced", providers: ["resend"] },
    },
    {
      title: "To that address again: nobody is asked to carry it",
      channel: "email",
      to: gone,
      content: reminder,
      expected: { status: "suppressed", providers: [] },
    },
    {
      title: "To a real address: the guard keeps it",
      channel: "email",
      to: "ada@example.com",
      content: newsletter,
      expected: { status: "captured", providers: [] },
    },
    {
      title: "Resend answers 503, so Postmark takes over",
      channel: "email",
      to: failover,
      content: signIn,
      fault: { kind: "unavailable", provider: "resend", recipient: failover, times: triesPerProvider },
      expected: { status: "delivered", providers: ["resend", "postmark"] },
    },
  ];
}

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

const receipt = {
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

const invitation = {
  from,
  subject: "You are invited to the ringing practice",
  html: page(
    `<h1 style="font-size:25px;line-height:1.3;margin:6px 0 14px">Thursday at seven, in the tower</h1><p style="margin:0">Beginners are welcome. Bring shoes that you can climb in.</p>`,
  ),
  tags: ["invitation"],
};

const reminder = {
  from,
  subject: "Reminder: ringing practice tonight",
  text: "Tonight at seven, in the tower. The door is on the north side.",
};

const newsletter = {
  from,
  subject: "News from the foundry",
  text: "We cast a tenor of eleven hundredweight this month, and it rang true.",
};

const signIn = {
  from,
  subject: "Your sign-in code",
  html: page(
    `<p style="margin:6px 0 14px">Enter this code to sign in. It holds for ten minutes.</p><p style="margin:0;font:700 32px/1.2 monospace;letter-spacing:.2em">482 913</p>`,
  ),
  tags: ["sign-in"],
};
