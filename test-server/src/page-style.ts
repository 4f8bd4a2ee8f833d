/** The page's style. Colours by the system's setting, one column on a phone. */
export const PAGE_STYLE: string = `
:root {
  color-scheme: light dark;
  --text: #1d2129; --soft: #5b6472; --back: #f6f7f9; --card: #fff; --line: #dde1e7; --link: #0b57b0;
  --mark: #fff3c4; --own: #eef5ff; --error: #b3261e; --warning: #8a5a00; --info: #0b57b0; --debug: #5b6472;
}
@media (prefers-color-scheme: dark) {
  :root {
    --text: #e4e7ec; --soft: #9aa4b2; --back: #14171c; --card: #1c2027; --line: #313843; --link: #7db5ff;
    --mark: #4a3d10; --own: #1d2a3d; --error: #ff8a80; --warning: #ffcc66; --info: #7db5ff; --debug: #9aa4b2;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
header, main, footer { max-width: 1000px; margin: 0 auto; padding: 0 16px; }
header { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 16px; padding-top: 14px; }
header h1 { font-size: 18px; margin: 0; }
header h1 a { color: inherit; }
header p { margin: 0; color: var(--soft); flex: 1; }
button { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 4px 12px; cursor: pointer; }
main { padding-top: 12px; padding-bottom: 24px; }
main:focus { outline: none; }
footer { color: var(--soft); padding-bottom: 24px; font-size: 13px; }
h2 { font-size: 20px; margin: 12px 0 4px; overflow-wrap: anywhere; }
h3 { font-size: 15px; margin: 24px 0 6px; }
.soft { color: var(--soft); }
.card, .list > li { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 10px 14px; }
.list { list-style: none; margin: 0; padding: 0; display: grid; gap: 8px; }
.issue { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0 16px; }
.issue .count { font-size: 20px; font-weight: 600; text-align: right; font-variant-numeric: tabular-nums; }
.issue .when { text-align: right; }
.title { font-weight: 600; overflow-wrap: anywhere; }
.message { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.chip { display: inline-block; border: 1px solid var(--line); border-radius: 10px; padding: 0 8px; margin-right: 6px; font-size: 13px; overflow-wrap: anywhere; }
.fatal, .error { color: var(--error); } .warning { color: var(--warning); } .info { color: var(--info); } .debug { color: var(--debug); }
pre, code, .code { font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
pre { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.frame { border-top: 1px solid var(--line); padding: 4px 14px; overflow-wrap: anywhere; }
.frame.own { background: var(--own); }
.frame:not(.own) { color: var(--soft); }
.stack { padding: 0; overflow: hidden; }
.stack > p { padding: 8px 14px; margin: 0; }
summary { cursor: pointer; }
.source { overflow-x: auto; margin: 4px 0 8px; }
.source div { white-space: pre; padding: 0 6px; min-width: max-content; color: var(--text); }
.source .at { background: var(--mark); }
.number { display: inline-block; min-width: 4ch; margin-right: 12px; text-align: right; color: var(--soft); user-select: none; }
table { width: 100%; border-collapse: collapse; table-layout: fixed; }
th, td { text-align: left; vertical-align: top; padding: 3px 8px 3px 0; border-top: 1px solid var(--line); overflow-wrap: anywhere; font-weight: 400; }
tr:first-child > * { border-top: 0; }
th { width: 30%; color: var(--soft); }
.empty { text-align: center; padding: 40px 16px; }
@media (max-width: 560px) { .message { white-space: normal; } th { width: 38%; } .crumb th { width: 34%; } }
`;
