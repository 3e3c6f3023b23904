/** How messages of the chat and push channels look. */
export const contentStyle: string = `
.said { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0; }
.plain { margin: 0; padding: 14px 16px; }
.caption { margin: 0; padding: 10px 16px; border-top: 1px solid var(--line); color: var(--soft); font-size: 13px; }
.placeholder { display: inline-flex; flex-direction: column; justify-content: center; gap: 2px; max-width: 100%; min-height: 72px; padding: 10px 14px; border: 1px dashed color-mix(in srgb, var(--soft) 55%, transparent); border-radius: 8px; color: var(--soft); font-size: 13px; overflow-wrap: anywhere; }
.placeholder .what { font-weight: 600; } .placeholder .where { font: 12px/1.4 var(--mono); }
.thumb { display: inline-grid; place-items: center; min-width: 20px; max-width: 120px; padding: 1px 5px; border: 1px dashed color-mix(in srgb, var(--soft) 55%, transparent); border-radius: 5px; color: var(--soft); font-size: 11px; overflow: hidden; }
.avatar { display: grid; place-items: center; flex: none; width: 36px; height: 36px; border-radius: 8px; background: var(--accent); color: var(--card); font-weight: 700; }

.phone { display: grid; grid-template-columns: minmax(0, 1fr); justify-items: start; gap: 6px; max-width: 400px; margin: 18px auto; padding: 14px 16px 22px; border: 1px solid var(--line); border-radius: 28px; background: var(--paper); }
.phone-from { justify-self: center; max-width: 100%; overflow-wrap: anywhere; margin: 0 0 8px; color: var(--soft); font-size: 13px; font-weight: 600; }
.bubble { max-width: 92%; padding: 8px 13px; border-radius: 18px 18px 18px 5px; background: light-dark(#e5e5ec, #2f2f3a); }
.bubble.media { padding: 6px; }
.segment { background: color-mix(in srgb, var(--good) 16%, transparent); box-decoration-break: clone; -webkit-box-decoration-break: clone; }
.segment:nth-child(even) { background: color-mix(in srgb, var(--accent) 18%, transparent); }
.segment sup { margin: 0 2px; color: var(--soft); font-size: 10px; font-weight: 700; line-height: 1; user-select: none; }

.chat { display: flex; gap: 10px; padding: 16px; --chat-accent: #5865f2; }
.chat-body { display: grid; grid-template-columns: minmax(0, 1fr); gap: 8px; flex: 1; min-width: 0; }
.chat-from { margin: 0 0 -4px; overflow-wrap: anywhere; }
.app { padding: 0 4px; border-radius: 3px; background: color-mix(in srgb, var(--soft) 22%, transparent); color: var(--soft); font-size: 10px; font-weight: 700; vertical-align: 1px; }
.chat code, .notification code, .plain code { padding: 1px 4px; border: 1px solid var(--line); border-radius: 4px; background: var(--paper); font: .87em/1.5 var(--mono); overflow-wrap: anywhere; }
.chat code.block { display: block; margin: 4px 0; padding: 8px 10px; white-space: pre-wrap; }
.chat a, .plain a { color: light-dark(#1264a3, #7cb8ee); text-decoration: none; }
.chat a:hover, .plain a:hover { text-decoration: underline; }
.mention { padding: 0 3px; border-radius: 4px; background: color-mix(in srgb, var(--accent) 16%, transparent); color: var(--accent); font-weight: 500; }
.quote { display: block; padding-left: 10px; border-left: 4px solid var(--line); white-space: pre-wrap; }
.spoiler { border-radius: 4px; background: color-mix(in srgb, var(--ink) 22%, transparent); }
.heading { display: block; font-weight: 700; } .heading.h1 { font-size: 1.4em; } .heading.h2 { font-size: 1.2em; } .heading.h3 { font-size: 1.05em; }
.chat hr { width: 100%; margin: 4px 0; border: 0; border-top: 1px solid var(--line); }
.chat ul, .chat ol { margin: 0; padding-left: 22px; }
.block { margin: 0; }
.block.header { font-size: 18px; font-weight: 700; overflow-wrap: anywhere; }
.block.section { display: flex; flex-wrap: wrap; gap: 8px 16px; }
.block.section > div:first-child { flex: 1 1 240px; min-width: 0; }
.accessory { flex: none; max-width: 100%; }
.fields { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 180px), 1fr)); gap: 8px 16px; margin-top: 6px; }
.block.context { display: flex; flex-wrap: wrap; gap: 4px 10px; align-items: center; color: var(--soft); font-size: 13px; }
.block.actions { display: flex; flex-wrap: wrap; gap: 8px; }
.block.unknown { color: var(--soft); font-size: 13px; font-style: italic; }
.label { margin: 0 0 4px; font-weight: 600; }
.chat button, .notification button { max-width: 100%; padding: 4px 12px; border-radius: 6px; font-size: 14px; font-weight: 600; color: inherit; cursor: not-allowed; overflow-wrap: anywhere; }
.chat button.primary { border-color: transparent; background: light-dark(#007a5a, #0b8a68); color: #fff; }
.chat button.danger { border-color: transparent; background: light-dark(#c02b4f, #b3264a); color: #fff; }
.chat button.success { border-color: transparent; background: #1f7a45; color: #fff; }
.discord button.primary { background: #5865f2; }
.discord .avatar { border-radius: 50%; background: #5865f2; color: #fff; }
.discord .app { background: #5865f2; color: #fff; }
.picture { max-width: min(100%, 400px); border-radius: 8px; }
.file { margin: 0; padding: 10px 14px; border: 1px solid var(--line); border-radius: 8px; background: var(--paper); font-size: 14px; overflow-wrap: anywhere; }
.file span { color: var(--soft); }
.embed { position: relative; display: flex; gap: 12px; max-width: 520px; border: 1px solid var(--line); border-radius: 6px; background: var(--paper); overflow: hidden; }
.embed-bar { position: absolute; inset: 0 auto 0 0; width: 4px; height: 100%; }
.embed > .embed-main { display: grid; grid-template-columns: minmax(0, 1fr); gap: 6px; flex: 1; min-width: 0; padding: 10px 14px 12px 16px; font-size: 14px; }
.embed > .thumb { align-self: start; margin: 10px 12px 0 0; min-width: 64px; min-height: 64px; }
.embed p { margin: 0; overflow-wrap: anywhere; }
.embed-author { font-size: 13px; font-weight: 600; } .embed-title { font-size: 15px; font-weight: 700; overflow-wrap: anywhere; }
.embed-fields { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 8px; }
.embed-fields > div { grid-column: 1 / -1; } .embed-fields > .inline { grid-column: auto; }
.embed-fields p { font-weight: 600; }
.embed-footer { color: var(--soft); font-size: 12px; }

.screen { padding: 22px 16px; background: linear-gradient(160deg, light-dark(#dcd6ff, #241f3d), light-dark(#d3ecf5, #16303a)); }
.notification { display: flex; gap: 12px; max-width: 400px; margin: 0 auto; padding: 12px 14px; border-radius: 16px; background: var(--card); box-shadow: 0 6px 24px rgb(0 0 0 / .16); }
.notification > div { display: grid; grid-template-columns: minmax(0, 1fr); gap: 2px; flex: 1; min-width: 0; }
.notification p { margin: 0; overflow-wrap: anywhere; }
.notification-source { color: var(--soft); font-size: 12px; }
.notification-title { font-weight: 700; }
.notification .placeholder, .notification .actions { margin-top: 8px; }
@media (max-width: 560px) {
  .embed-fields { grid-template-columns: minmax(0, 1fr); }
  .chat { padding: 12px; }
}
`;
