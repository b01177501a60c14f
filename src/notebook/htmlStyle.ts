/** The look of an exported notebook: one column, quiet code, pictures first; light or dark as the reader's system is. */
export const style = `
:root {
  color-scheme: light dark;
  --page: #fbfaf8; --ink: #23211e; --muted: #7d776d; --line: #e6e1d8; --code: #f4f1eb; --accent: #a8480f;
  --error: #a3261b; --error-page: #fdf0ee; --picture-edge: #0000001a;
  --keyword: #9a3b8f; --string: #3d7a2f; --number: #a8480f; --comment: #8b8477; --name: #22609e; --type: #8a6100;
  --ansi-black: #3c3a36; --ansi-red: #b3261e; --ansi-green: #3d7a2f; --ansi-yellow: #8a6100;
  --ansi-blue: #22609e; --ansi-magenta: #9a3b8f; --ansi-cyan: #14707a; --ansi-white: #7d776d;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #191816; --ink: #e9e5de; --muted: #948d81; --line: #35322d; --code: #22211e; --accent: #f0a06a;
    --error: #ff9c90; --error-page: #331c19; --picture-edge: #ffffff1f;
    --keyword: #d99ad0; --string: #a5cf8f; --number: #f0a06a; --comment: #8a8376; --name: #8fc1ee; --type: #e0c06c;
    --ansi-black: #948d81; --ansi-red: #ff9c90; --ansi-green: #a5cf8f; --ansi-yellow: #e0c06c;
    --ansi-blue: #8fc1ee; --ansi-magenta: #d99ad0; --ansi-cyan: #7fd0d6; --ansi-white: #e9e5de;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 17px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; -webkit-text-size-adjust: 100%; }
main { max-width: 50rem; margin: 0 auto; padding: 3.5rem 1.5rem 6rem; }
h1, h2, h3, h4 { line-height: 1.2; letter-spacing: -.012em; margin: 2.4rem 0 .7rem; text-wrap: balance; }
h1 { font-size: 2.3rem; margin-top: 0; }
h2 { font-size: 1.45rem; }
h3 { font-size: 1.15rem; }
p, ul, ol, blockquote, table { margin: 0 0 1rem; }
a { color: var(--accent); text-underline-offset: .15em; }
blockquote { margin-left: 0; padding-left: 1rem; border-left: 3px solid var(--line); color: var(--muted); }
hr { border: 0; border-top: 1px solid var(--line); margin: 2rem 0; }
img { max-width: 100%; height: auto; }
table { display: block; overflow-x: auto; border-collapse: collapse; font-size: .92em; font-variant-numeric: tabular-nums; }
.outputs table, .outputs p { margin: 0; }
th, td { padding: .35rem 1.6rem .35rem 0; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; }
pre, code { font-family: ui-monospace, "SF Mono", SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
code { font-size: .88em; background: var(--code); padding: .1em .32em; border-radius: 4px; overflow-wrap: anywhere; }
pre { margin: 0; font-size: .84rem; line-height: 1.55; overflow-x: auto; tab-size: 2; }
pre code { font-size: inherit; background: none; padding: 0; overflow-wrap: normal; }
.text pre { background: var(--code); border-radius: 8px; padding: .8rem 1rem; margin: 0 0 1rem; }
section.code { margin: 1.2rem 0 1.8rem; }
.source { position: relative; background: var(--code); border-radius: 8px; }
.source pre { padding: .85rem 1.1rem; }
.count { position: absolute; right: 100%; top: .95rem; padding-right: .9rem; font: .75rem/1.6 ui-monospace, Menlo, Consolas, monospace; color: var(--muted); user-select: none; }
.tag { position: absolute; right: .9rem; top: .75rem; font-size: .72rem; line-height: 1.6; color: var(--muted); user-select: none; }
.outputs { display: grid; grid-template-columns: minmax(0, 1fr); gap: .75rem; margin-top: .85rem; padding: 0 1.1rem; }
.outputs pre { max-height: 30rem; overflow: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
.stream { color: var(--muted); }
.stderr { border-left: 3px solid var(--type); padding-left: .8rem; color: var(--ink); }
.error { background: var(--error-page); color: var(--error); border-radius: 8px; padding: .85rem 1.1rem; margin: 0 -1.1rem; }
figure { margin: .3rem 0; }
figure img { display: block; border-radius: 6px; box-shadow: 0 0 0 1px var(--picture-edge), 0 6px 22px #0000001c; }
iframe { width: 100%; height: 14rem; border: 1px solid var(--line); border-radius: 8px; resize: vertical; }
.progress { display: flex; align-items: center; gap: .8rem; color: var(--muted); font-size: .84rem; }
.bar { flex: none; width: 9rem; height: 4px; border-radius: 2px; background: var(--line); overflow: hidden; }
.bar span { display: block; height: 100%; background: var(--accent); }
.done .bar span { background: var(--muted); opacity: .55; }
.raw { white-space: pre-wrap; color: var(--muted); }
.shell { color: var(--accent); }
.hljs-keyword, .hljs-literal, .hljs-meta { color: var(--keyword); }
.hljs-string, .hljs-regexp { color: var(--string); }
.hljs-number { color: var(--number); }
.hljs-comment { color: var(--comment); font-style: italic; }
.hljs-title, .hljs-section { color: var(--name); }
.hljs-built_in, .hljs-type, .hljs-title.class_ { color: var(--type); }
.hljs-subst { color: var(--ink); }
@media (max-width: 62rem) {
  .count { position: static; padding: .45rem 1.1rem 0; min-height: 0; }
  .count:empty { display: none; }
  .count + pre, .count + .tag + pre { padding-top: .15rem; }
  .count:empty + pre, .count:empty + .tag + pre { padding-top: .85rem; }
  .tag { top: .45rem; }
}
@media (max-width: 40rem) {
  body { font-size: 16px; }
  main { padding: 1.75rem 1rem 4rem; }
  h1 { font-size: 1.8rem; }
  .source, .error { border-radius: 0; margin-left: -1rem; margin-right: -1rem; }
  .source pre, .error { padding-left: 1rem; padding-right: 1rem; }
  .count { padding-left: 1rem; }
  .outputs { padding: 0; }
}
@media print {
  main { max-width: none; padding: 0; }
  .source, figure, .error { break-inside: avoid; }
  .outputs pre { max-height: none; }
}
`
