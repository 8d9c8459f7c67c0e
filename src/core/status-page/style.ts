/** Colours meet WCAG AA (4.5:1 for text, 3:1 for marks) on both backgrounds; a browser test measures them. */
export const STYLE = `
:root { color-scheme: light dark;
  --back: #ffffff; --card: #f4f5f7; --text: #1b1f24; --soft: #4b5563; --line: #c3c9d1; --link: #0b57b0;
  --good: #146c2e; --warning: #7a4d00; --bad: #b3161b; --on: #ffffff;
  --p0: #1f5fa8; --p1: #8a4b9c; --p2: #147a6c; --p3: #a8530f; --p4: #5a6472; --p5: #b0305e; }
@media (prefers-color-scheme: dark) { :root {
  --back: #12161b; --card: #1d232b; --text: #eceff3; --soft: #b4bdc8; --line: #465160; --link: #8ec0ff;
  --good: #6fd08c; --warning: #f0b450; --bad: #ff8f8a; --on: #12161b;
  --p0: #7db3f2; --p1: #d6a0e6; --p2: #6fd0c0; --p3: #f0a868; --p4: #a9b4c2; --p5: #f28fb4; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 16px; max-width: 60rem; background: var(--back); color: var(--text);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.1rem; margin: 0; font-weight: 600; }
h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
p { margin: .4rem 0; }
.soft { color: var(--soft); font-size: .9rem; }
.word { display: block; padding: .6rem 1rem; margin: .6rem 0; border-radius: 8px; font-size: 1.6rem; font-weight: 700;
  color: var(--on); }
.READY { background: var(--good); } .DEGRADED { background: var(--warning); } .NOT_READY { background: var(--bad); }
.stale { color: var(--bad); font-weight: 700; }
.numbers { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .6rem; margin: 0; }
.numbers div, .finding { background: var(--card); border-radius: 8px; padding: .6rem .8rem; }
.numbers dt { color: var(--soft); font-size: .85rem; } .numbers dd { margin: 0; font-size: 1.15rem; font-weight: 600; }
.finding { margin: .6rem 0; border-left: 6px solid var(--line); }
.critical { border-color: var(--bad); } .warning { border-color: var(--warning); }
.finding b.critical { color: var(--bad); } .finding b.warning { color: var(--warning); }
code, pre { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: .9rem; }
pre.next { background: var(--card); padding: .8rem 1rem; border-radius: 8px; margin: .4rem 0; white-space: pre-wrap; }
ul { margin: .3rem 0; padding-left: 1.2rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td { overflow-wrap: normal; }
th { color: var(--soft); font-weight: 600; white-space: nowrap; } td.nowrap { white-space: nowrap; }
b.good { color: var(--good); } b.bad { color: var(--bad); } b.attention { color: var(--warning); }
figure { margin: 0; } svg { width: 100%; max-width: 31rem; height: auto; display: block; }
svg text { fill: var(--soft); font-size: 13px; } svg .axis { stroke: var(--line); } svg .target { stroke: var(--bad); stroke-dasharray: 6 4; stroke-width: 2; }
svg .rpo { stroke: var(--p0); fill: none; stroke-width: 2.5; } svg .dot { fill: var(--p0); }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1rem; list-style: none; padding: 0; font-size: .9rem; }
.legend i { display: inline-block; width: .8rem; height: .8rem; border-radius: 2px; margin-right: .4rem; }
${[0, 1, 2, 3, 4, 5].map((n) => `.p${n} { fill: var(--p${n}); background: var(--p${n}); }`).join(' ')}
`;

/** The page cannot know when it is read; this says how old it is by then, once a minute. */
export const SCRIPT = `
var said = document.getElementById('age'), at = Date.parse(said.dataset.at), limit = Number(said.dataset.limit);
function tell() { var minutes = Math.max(0, Math.round((Date.now() - at) / 60000));
  said.textContent = minutes + ' minutes ago' + (minutes > limit ? ': STALE, the readiness function does not run' : '');
  said.className = minutes > limit ? 'stale' : ''; }
tell(); setInterval(tell, 60000);
`;
