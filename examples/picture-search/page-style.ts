/** The page's own style, for light and dark surroundings and for any width. */
export const STYLE = `
:root {
  --ground: #f6f7f9; --card: #ffffff; --ink: #16181d; --quiet: #667085; --line: #e3e6eb;
  --accent: #0b6bcb; --track: #e8ebf0; --shadow: 0 1px 2px rgb(16 24 40 / .06), 0 4px 14px rgb(16 24 40 / .06);
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0f1216; --card: #191d23; --ink: #eceff3; --quiet: #98a2b3; --line: #272d36;
    --accent: #5eb1ff; --track: #2a313b; --shadow: 0 1px 2px rgb(0 0 0 / .5);
  }
}
* { box-sizing: border-box; margin: 0; }
html { scroll-behavior: smooth; }
body { background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
.top, main, footer { max-width: 1180px; margin: 0 auto; padding: 0 24px; }
.top { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: center; gap: 4px 24px; padding-top: 22px; padding-bottom: 18px; }
.mark { display: flex; align-items: center; gap: 9px; font-weight: 650; letter-spacing: -.01em; }
.mark svg { fill: none; stroke: var(--accent); stroke-width: 2.4; stroke-linecap: round; }
.facts { color: var(--quiet); overflow-wrap: anywhere; }
.facts b { color: var(--ink); font-weight: 600; }
nav { display: flex; flex-wrap: wrap; gap: 8px; padding-bottom: 6px; }
nav a { display: flex; align-items: center; gap: 8px; padding: 5px 13px; border: 1px solid var(--line); border-radius: 99px; background: var(--card); color: inherit; text-decoration: none; overflow-wrap: anywhere; }
nav a:hover { border-color: var(--accent); }
.dot { width: 20px; height: 20px; margin-left: -6px; border-radius: 50%; }
section { padding-top: 26px; scroll-margin-top: 8px; }
.query { display: flex; align-items: center; gap: 16px; margin-bottom: 16px; }
.asked { width: 72px; height: 72px; border-radius: 12px; box-shadow: var(--shadow); }
.kind { color: var(--quiet); font-size: 13px; line-height: 1.3; }
h2 { font-size: 26px; line-height: 1.2; font-weight: 680; letter-spacing: -.02em; overflow-wrap: anywhere; }
ol { list-style: none; padding: 0; display: grid; gap: 16px; grid-template-columns: repeat(auto-fill, minmax(168px, 1fr)); }
li a { display: block; height: 100%; padding: 8px 8px 10px; border-radius: 14px; background: var(--card); box-shadow: var(--shadow); color: inherit; text-decoration: none; outline: 1px solid var(--line); outline-offset: -1px; transition: transform .15s; }
li a:hover { transform: translateY(-2px); outline-color: var(--accent); }
a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
li:first-child a { outline: 2px solid var(--accent); }
li img, .gone { display: block; width: 100%; height: auto; aspect-ratio: 1; border-radius: 8px; object-fit: cover; background: var(--track); }
.gone { display: grid; place-items: center; padding: 12px; color: var(--quiet); font-size: 13px; text-align: center; }
.row { display: flex; align-items: center; gap: 10px; padding: 10px 4px 2px; }
.bar { flex: 1; height: 5px; border-radius: 3px; background: var(--track); overflow: hidden; }
.bar span { display: block; height: 100%; border-radius: 3px; background: var(--accent); }
.score { font-variant-numeric: tabular-nums; font-size: 13px; font-weight: 600; }
.file { display: block; padding: 0 4px; color: var(--quiet); font-size: 13px; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.none { color: var(--quiet); }
footer { padding-top: 34px; padding-bottom: 34px; color: var(--quiet); font-size: 13px; }
@media (max-width: 460px) { ol { grid-template-columns: repeat(2, 1fr); gap: 10px; } .top, main, footer { padding-left: 14px; padding-right: 14px; } }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } li a { transition: none; } }
@media print { li a { box-shadow: none; break-inside: avoid; } }
`;
