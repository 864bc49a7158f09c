/** @file The style of report pages, in light and dark. */

/** The style sheet. */
export const style = `
:root { color-scheme: light dark; --page: light-dark(#fff, #10151b); --panel: light-dark(#f5f7f8, #181f27);
  --text: light-dark(#1a2129, #e4e9ee); --quiet: light-dark(#515c68, #a4b0bd); --line: light-dark(#d9dfe4, #2c3641);
  --link: light-dark(#0a6b60, #5fd3c0); --wrong: light-dark(#b3261e, #ff8f85); --right: light-dark(#1d6b34, #7ddb98); }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 1rem/1.55 system-ui, "Segoe UI", Arial, sans-serif; }
main { max-width: 78rem; margin: 0 auto; padding: 1rem 1.25rem 4rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.3rem; margin-top: 2.2rem; } h3 { font-size: 1.1rem; } h4 { font-size: 1rem; margin-bottom: .3rem; }
h1, h2, h3 { line-height: 1.25; overflow-wrap: anywhere; }
a { color: var(--link); } p { overflow-wrap: anywhere; }
pre { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: .7rem .9rem; overflow: auto;
  white-space: pre-wrap; overflow-wrap: anywhere; font: .82rem/1.5 ui-monospace, "DejaVu Sans Mono", Menlo, monospace; }
section { border-top: 1px solid var(--line); margin-top: 1.5rem; }
.wide { overflow-x: auto; } :focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
table { border-collapse: collapse; font-size: .9rem; } th { color: var(--quiet); font-weight: 600; }
th, td { text-align: left; padding: .25rem .7rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
.verdict { font-weight: 700; } .pass { color: var(--right); } .fail { color: var(--wrong); } .unchecked, .unsupported, .accepted, .remark { color: var(--quiet); }
.drawings { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: 1rem; }
figure { margin: 0; padding: .6rem; background: var(--panel); border: 1px solid var(--line); border-radius: 6px; min-width: 0; }
figcaption { font-size: .85rem; color: var(--quiet); overflow-wrap: anywhere; } svg { width: 100%; height: auto; display: block; }
svg text { font: 10px system-ui, sans-serif; fill: var(--quiet); } .grid { stroke: var(--line); } .bound { stroke: var(--right); stroke-dasharray: 4 3; }
.curve { fill: none; stroke: var(--quiet); } .off { fill: var(--wrong); } .in { fill: var(--right); }
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1rem; font-size: .85rem; }
.legend i { display: inline-block; width: .9rem; height: .9rem; margin-right: .35rem; border: 1px solid var(--line); vertical-align: -.1rem; }
.l0 { fill: light-dark(#eef2f4, #222b34); background: light-dark(#eef2f4, #222b34); } .l1 { fill: light-dark(#c9d8df, #3a4a57); background: light-dark(#c9d8df, #3a4a57); }
.l2 { fill: #f2c14e; background: #f2c14e; } .l3 { fill: #f08a24; background: #f08a24; } .l4 { fill: #d6402f; background: #d6402f; } .l5 { fill: #8d1b5a; background: #8d1b5a; }
`;
