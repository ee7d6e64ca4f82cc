#include "report/style.h"

namespace tinyformer {

const char* const kReportStyle = R"css(
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --ink: #17202b; --soft: #5a6675; --edge: #e1e5ea; --grid: #e8ebef;
  --accent: #0f766e; --accent-soft: #d3ece9; --good: #15803d; --good-soft: #dcf3e3; --bad: #b42318; --bad-soft: #fde4e1;
  --c0: #0f766e; --c1: #c2410c; --c2: #4f46e5; --c3: #a16207; --c4: #be185d; --c5: #0369a1;
  --t0: #8fd3cb; --t1: #f6c08d; --t2: #b9b8f7; --t3: #e9d47c; --t4: #f3b0cd; --t5: #9fd0f0; --inside: #17202b;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #10151b; --card: #182029; --ink: #e6ebf0; --soft: #9aa7b5; --edge: #2a3542; --grid: #263140;
    --accent: #2fb5a8; --accent-soft: #16413f; --good: #4ade80; --good-soft: #143524; --bad: #f98b80; --bad-soft: #451f1c;
    --c0: #2fb5a8; --c1: #fb923c; --c2: #9b95ff; --c3: #e3bf3b; --c4: #f472b6; --c5: #4db5f0;
    --t0: #17655e; --t1: #8a4b1d; --t2: #4743a3; --t3: #71590f; --t4: #832a59; --t5: #1b5b87; --inside: #eef2f6;
  }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; scroll-padding-top: 56px; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
main { max-width: 1200px; margin: 0 auto; padding: 0 20px 64px; }
header { max-width: 1200px; margin: 0 auto; padding: 36px 20px 16px; }
h1 { margin: 0; font-size: 30px; line-height: 1.2; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { margin: 0 0 4px; font-size: 20px; letter-spacing: -0.005em; }
h3 { margin: 22px 0 6px; font-size: 15px; }
p { margin: 4px 0 12px; max-width: 80ch; font-size: 15px; }
.soft { color: var(--soft); }
code, .mono { font: 13px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; overflow-wrap: anywhere; }
nav { position: sticky; top: 0; z-index: 3; background: var(--page); border-bottom: 1px solid var(--edge); }
nav div { max-width: 1200px; margin: 0 auto; padding: 0 20px; display: flex; gap: 22px; overflow-x: auto; scrollbar-width: none; }
nav a { padding: 11px 0; color: var(--soft); text-decoration: none; font-size: 14px; white-space: nowrap; }
nav a:hover, nav a:focus { color: var(--accent); }
section { background: var(--card); border: 1px solid var(--edge); border-radius: 10px; padding: 22px 24px 20px; margin-top: 20px; }
.badge { display: inline-block; padding: 3px 12px; border-radius: 99px; font-size: 14px; font-weight: 600; vertical-align: 4px; margin-left: 10px;
  white-space: nowrap; }
.badge.yes { color: var(--good); background: var(--good-soft); }
.badge.no { color: var(--bad); background: var(--bad-soft); }
.badge.unknown { color: var(--soft); background: var(--edge); }
.tiles { display: grid; grid-template-columns: repeat(4, 1fr); gap: 14px; margin-top: 20px; }
.tile { background: var(--card); border: 1px solid var(--edge); border-radius: 10px; padding: 16px 18px; }
.tile .name { color: var(--soft); font-size: 13px; }
.tile .big { font-size: 27px; line-height: 1.25; font-weight: 650; font-variant-numeric: tabular-nums; letter-spacing: -0.01em; }
.tile .big.none { color: var(--soft); font-weight: 500; font-size: 20px; line-height: 34px; }
.tile .note { color: var(--soft); font-size: 13px; line-height: 1.4; margin-top: 3px; }
.meter { height: 7px; border-radius: 4px; background: var(--edge); margin: 8px 0 2px; overflow: hidden; }
.meter i { display: block; height: 100%; background: var(--accent); border-radius: 4px; }
.meter i.over { background: var(--bad); }
.stack { display: flex; height: 30px; border-radius: 6px; overflow: hidden; background: var(--edge); margin: 12px 0 10px; }
.stack i { display: block; height: 100%; border-right: 1px solid var(--card); }
.keys { display: flex; flex-wrap: wrap; gap: 4px 20px; font-size: 14px; margin-bottom: 8px; font-variant-numeric: tabular-nums; }
.keys b { display: inline-block; width: 11px; height: 11px; border-radius: 3px; margin-right: 7px; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 8px 32px; align-items: start; }
.pair > * { min-width: 0; }
.sided { display: grid; grid-template-columns: minmax(0, 640px) minmax(0, 1fr); gap: 8px 36px; align-items: start; }
.sided > .wide, .sided > .narrow { grid-column: 1; }
.triple { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(320px, 100%), 1fr)); gap: 8px 24px; align-items: start; }
.keys svg.key { display: inline-block; vertical-align: -1px; margin: 0 6px 0 0; }
.keys b.cross-key { background: none; color: var(--bad); width: auto; height: auto; margin-right: 5px; line-height: 1; }
.missing { color: var(--soft); border-left: 3px solid var(--edge); padding: 2px 0 2px 12px; margin: 10px 0; font-size: 14px; }
.scroll { overflow-x: auto; margin-top: 8px; }
table { border-collapse: collapse; width: 100%; font-size: 13px; }
th { text-align: left; font-weight: 600; color: var(--soft); font-size: 12.5px; border-bottom: 1px solid var(--edge); padding: 6px 6px;
  white-space: nowrap; vertical-align: bottom; }
td { padding: 5px 6px; border-bottom: 1px solid var(--grid); white-space: nowrap; }
tr:last-child td { border-bottom: 0; }
th:first-child, td:first-child { padding-left: 0; position: sticky; left: 0; background: var(--card); }
.number + :not(.number) { padding-left: 28px; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
td[style] { background: linear-gradient(var(--accent-soft), var(--accent-soft)) no-repeat right center / var(--bar) 76%; }
.wrapped td:last-child { white-space: normal; min-width: 360px; }
.prose td { vertical-align: top; }
.prose td:nth-child(5), .prose td:nth-child(9) { white-space: normal; min-width: 240px; }
details { margin-top: 12px; }
summary { cursor: pointer; color: var(--soft); font-size: 14px; }
pre { overflow-x: auto; margin: 8px 0 0; font: 12.5px/1.5 ui-monospace, Menlo, Consolas, "Liberation Mono", monospace; }
svg { display: block; max-width: 100%; height: auto; margin: 6px 0; font-family: inherit; }
.narrow { display: none; }
svg text { font-size: 11px; fill: var(--ink); }
svg .tick { fill: var(--soft); font-variant-numeric: tabular-nums; }
svg .legend, svg .label { font-size: 12px; } svg .title { font-size: 15px; font-weight: 600; }
svg .grid { stroke: var(--grid); } svg .axis { stroke: var(--soft); stroke-opacity: 0.6; }
svg .line0, svg .line1, svg .line2, svg .line3, svg .line4, svg .line5 { fill: none; stroke-width: 2; stroke-linejoin: round; }
svg .line0 { stroke: var(--c0); } svg .line1 { stroke: var(--c1); } svg .line2 { stroke: var(--c2); }
svg .line3 { stroke: var(--c3); } svg .line4 { stroke: var(--c4); } svg .line5 { stroke: var(--c5); }
svg .dot0 { fill: var(--c0); } svg .dot1 { fill: var(--c1); } svg .dot2 { fill: var(--c2); }
svg .dot3 { fill: var(--c3); } svg .dot4 { fill: var(--c4); } svg .dot5 { fill: var(--c5); }
svg .bar { fill: var(--accent); } svg .band { fill: var(--good); fill-opacity: 0.1; }
svg .cell { fill: var(--grid); fill-opacity: 0.5; } svg .hit { fill: var(--accent); } svg .miss { fill: var(--c1); }
svg .count { font-variant-numeric: tabular-nums; } svg .strong { fill: #fff; font-weight: 600; }
svg .tensor { stroke: var(--card); }
svg .tensor0 { fill: var(--t0); } svg .tensor1 { fill: var(--t1); } svg .tensor2 { fill: var(--t2); }
svg .tensor3 { fill: var(--t3); } svg .tensor4 { fill: var(--t4); } svg .tensor5 { fill: var(--t5); }
svg .inside { fill: var(--inside); pointer-events: none; }
svg .limit { stroke: var(--soft); stroke-dasharray: 5 4; }
svg .peak { fill: var(--bad); fill-opacity: 0.09; stroke: var(--bad); stroke-dasharray: 3 3; pointer-events: none; }
svg .peak-text { fill: var(--bad); font-size: 12px; font-weight: 600; }
svg .live { fill: var(--soft); fill-opacity: 0.45; } svg .hot { fill: var(--bad); fill-opacity: 0.9; }
svg .box { rx: 6px; } svg .strong-text { font-weight: 600; } svg .mark { font-weight: 600; paint-order: stroke; stroke: var(--card); stroke-width: 3px; }
svg .candidate { fill: var(--soft); fill-opacity: 0.5; } svg .see-through { fill-opacity: 0.55; }
svg .refused { fill: var(--card); stroke: var(--bad); stroke-width: 1.5; } svg .stopped { fill: var(--card); stroke: var(--c0); stroke-width: 1.5; }
svg .winner { fill: var(--c0); stroke: var(--ink); stroke-width: 2; } svg .front-line { fill: none; stroke: var(--c0); stroke-width: 1.5; stroke-opacity: 0.7; }
svg .cross { fill: var(--bad); font-size: 15px; font-weight: 700; } svg .reach { fill: transparent; }
svg .median { stroke: var(--ink); stroke-width: 2; } svg .worse { fill: var(--c1); } svg .whisker { stroke: var(--ink); stroke-opacity: 0.65; }
svg .arrow { fill: none; stroke: var(--soft); } svg .around { fill: none; stroke: var(--soft); stroke-dasharray: 3 2; } svg .plus { fill: var(--soft); }
footer { max-width: 1200px; margin: 0 auto; padding: 0 20px 40px; color: var(--soft); font-size: 13px; }
@media (max-width: 900px) {
  .tiles { grid-template-columns: 1fr 1fr; } .pair, .sided { grid-template-columns: minmax(0, 1fr); }
  .wide { display: none; } .narrow { display: block; }
}
@media (max-width: 640px) {
  header { padding: 24px 16px 8px; } main { padding: 0 0 40px; } nav div { padding: 0 16px; } h1 { font-size: 24px; }
  .badge { margin: 8px 0 0 6px; vertical-align: 0; }
  .tiles { padding: 0 16px; gap: 10px; } .tile { padding: 12px 14px; } .tile .big { font-size: 22px; }
  section { border-radius: 0; border-left: 0; border-right: 0; padding: 18px 16px; margin-top: 14px; }
}
@media print { nav { display: none; } section, .tile { break-inside: avoid; } body { background: #fff; } }
)css";

}  // namespace tinyformer
