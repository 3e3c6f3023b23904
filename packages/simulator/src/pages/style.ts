/** The pages' one style sheet. */
export const style: string = `
:root {
  color-scheme: light dark;
  --paper: light-dark(#f6f6f9, #121217); --card: light-dark(#fff, #1b1b22); --ink: light-dark(#1c1c25, #e8e8ef);
  --soft: light-dark(#666675, #9a9aab); --line: light-dark(#e4e4ec, #2c2c37); --accent: light-dark(#5b3fe0, #a794ff);
  --good: light-dark(#17794a, #5fd39a); --bad: light-dark(#b3261e, #ff8a80); --warn: light-dark(#8a5a00, #f0bd5e);
  --mono: ui-monospace, "SF Mono", Menlo, Consolas, monospace;
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
a { color: inherit; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.top { display: flex; align-items: center; gap: 16px; padding: 12px max(16px, calc(50vw - 560px)); background: var(--card); border-bottom: 1px solid var(--line); }
.brand { display: flex; align-items: center; gap: 8px; font-size: 17px; text-decoration: none; }
.top nav { display: flex; gap: 14px; font-size: 14px; }
.top nav a { color: var(--soft); text-decoration: none; }
.top nav a:hover { color: var(--ink); }
.bell { width: 20px; fill: var(--accent); }
.note { margin-left: auto; color: var(--soft); font-size: 13px; }
main { max-width: 1152px; margin: 0 auto; padding: 20px 16px 64px; }
h1 { margin: 0; font-size: 22px; line-height: 1.3; overflow-wrap: anywhere; }
h2 { margin: 0; font-size: 13px; font-weight: 600; color: var(--soft); }
.bar { display: flex; flex-wrap: wrap; align-items: center; gap: 12px; margin-bottom: 14px; }
.bar form { display: flex; flex-wrap: wrap; gap: 8px; margin-left: auto; }
input, select, button { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 5px 10px; min-width: 0; }
button { cursor: pointer; }
.count { color: var(--soft); font-size: 14px; font-weight: 400; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; overflow: hidden; }
.card > h2 { padding: 10px 16px; border-bottom: 1px solid var(--line); }
.list { list-style: none; margin: 0; padding: 0; }
.list li + li { border-top: 1px solid var(--line); }
.row { display: grid; grid-template-columns: 150px minmax(0, 13rem) minmax(0, 1fr) auto; gap: 4px 16px; align-items: baseline; padding: 11px 16px; text-decoration: none; }
.row:hover { background: color-mix(in srgb, var(--accent) 6%, transparent); }
.row .to, .row .subject { overflow: hidden; white-space: nowrap; text-overflow: ellipsis; }
.row .to small, .row .preview { color: var(--soft); }
.row .subject b { font-weight: 600; }
.row time { color: var(--soft); font-size: 13px; white-space: nowrap; text-align: right; }
.row .chips { grid-column: 2 / -1; }
.chips { display: flex; flex-wrap: wrap; gap: 6px; }
.chip { padding: 0 8px; border-radius: 99px; font-size: 12px; line-height: 20px; background: color-mix(in srgb, currentColor 12%, transparent); color: var(--soft); white-space: nowrap; }
.chip.good { color: var(--good); } .chip.bad { color: var(--bad); } .chip.warn { color: var(--warn); }
.chip.waiting, .chip.no-target { background: none; box-shadow: inset 0 0 0 1px color-mix(in srgb, currentColor 35%, transparent); }
.chip.undelivered::after { content: " ✕"; }
.row .gone b { text-decoration: line-through; }
.via { display: inline-flex; flex-wrap: wrap; align-items: baseline; gap: 0 8px; }
.badge { padding: 0 7px; border-radius: 5px; font-size: 12px; font-weight: 600; line-height: 20px; color: var(--tone); background: color-mix(in srgb, var(--tone) 14%, transparent); white-space: nowrap; }
.badge.email { --tone: var(--accent); } .badge.sms { --tone: var(--good); } .badge.slack { --tone: light-dark(#8a1f6b, #f19ad6); }
.badge.discord { --tone: light-dark(#3f4ad0, #9aa5ff); } .badge.webpush { --tone: light-dark(#0b6a8f, #6cc8ea); } .badge.fcm { --tone: light-dark(#9a4a00, #ffb366); }
.others { margin-top: 20px; }
.others details + details { border-top: 1px solid var(--line); }
.others summary { display: flex; flex-wrap: wrap; gap: 2px 10px; align-items: baseline; font-weight: 400; color: inherit; }
.others summary time { margin-left: auto; color: var(--soft); }
.others .what { overflow-wrap: anywhere; }
.notice { margin: 0 0 14px; padding: 8px 16px; border: 1px solid var(--line); border-radius: 10px; background: color-mix(in srgb, var(--warn) 12%, transparent); font-size: 14px; }
.notice.bad { background: color-mix(in srgb, var(--bad) 12%, transparent); }
.stack .notice { margin: 0; }
.deleted { opacity: .55; }
.stack.earlier { padding: 12px; }
.provider { font-size: 12px; font-weight: 600; color: var(--accent); }
.empty { padding: 56px 24px; text-align: center; color: var(--soft); }
.empty code { color: var(--ink); }
.more { display: block; padding: 12px; text-align: center; color: var(--accent); }
.crumb { display: inline-block; margin-bottom: 8px; color: var(--soft); font-size: 14px; text-decoration: none; }
.crumb:hover { color: var(--accent); }
.head { margin-bottom: 16px; }
.head .meta { display: flex; flex-wrap: wrap; gap: 4px 12px; align-items: baseline; margin-top: 4px; color: var(--soft); font-size: 14px; }
.head .meta > * { min-width: 0; overflow-wrap: anywhere; }
.columns { display: grid; grid-template-columns: minmax(0, 1fr) 340px; gap: 16px; align-items: start; }
.stack { display: grid; grid-template-columns: minmax(0, 1fr); gap: 16px; }
iframe { display: block; width: 100%; height: 460px; min-height: 120px; border: 0; background: #fff; resize: vertical; }
pre { margin: 0; padding: 14px 16px; font: 13px/1.55 var(--mono); white-space: pre-wrap; overflow-wrap: anywhere; max-height: 480px; overflow: auto; }
dl { display: grid; grid-template-columns: fit-content(45%) minmax(0, 1fr); gap: 4px 14px; margin: 0; padding: 12px 16px; font-size: 14px; }
dt { color: var(--soft); overflow-wrap: anywhere; } dd { margin: 0; overflow-wrap: anywhere; }
dl.wide { font: 13px/1.55 var(--mono); }
summary { padding: 10px 16px; cursor: pointer; font-size: 13px; font-weight: 600; color: var(--soft); }
details[open] > summary { border-bottom: 1px solid var(--line); }
details details { border-top: 1px solid var(--line); }
.hook { padding: 10px 16px; font-size: 14px; }
.hook + .hook { border-top: 1px solid var(--line); }
.hook header { display: flex; flex-wrap: wrap; gap: 4px 10px; align-items: baseline; }
.hook time { margin-left: auto; color: var(--soft); font-size: 12px; }
.hook p { margin: 2px 0 0; color: var(--soft); font-size: 13px; overflow-wrap: anywhere; }
.hook details { border: 0; } .hook summary { padding: 4px 0 0; font-weight: 400; }
.hook pre { padding: 8px 0 0; font-size: 12px; max-height: 260px; }
.files { list-style: none; margin: 0; padding: 8px 16px; font-size: 14px; }
.files li { display: flex; flex-wrap: wrap; gap: 0 10px; padding: 3px 0; overflow-wrap: anywhere; }
.files span { color: var(--soft); }
@media (max-width: 800px) {
  .columns { grid-template-columns: minmax(0, 1fr); }
  .row { grid-template-columns: minmax(0, 1fr) auto; }
  .row .via { order: 1; } .row time { order: 2; } .row .to { order: 3; grid-column: 1 / -1; }
  .row .subject { order: 4; grid-column: 1 / -1; } .row .chips { order: 5; grid-column: 1 / -1; }
}
@media (max-width: 560px) {
  .note { display: none; }
  .bar form { display: grid; grid-template-columns: 1fr 1fr auto; margin: 0; width: 100%; } .bar input { grid-column: 1 / -1; }
}
`;
