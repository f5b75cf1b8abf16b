// SPDX-License-Identifier: Apache-2.0
// The style sheet of reports, light and dark as the reader's system has it. Colours of series are
// those of Okabe and Ito ("Color Universal Design", 2008), which people with any colour vision tell
// apart. No `<` and no `&` in it, so that a page stays well-formed.
#pragma once

#include <string_view>

namespace penstock {

[[nodiscard]] constexpr std::string_view report_style() noexcept {
  return R"css(
:root { color-scheme: light dark; --ground: #ffffff; --card: #f5f6f8; --ink: #1b1f24;
  --soft: #5c6570; --rule: #d9dde2; --warn: #a33a00;
  --s0: #0072b2; --s1: #d55e00; --s2: #009e73; --s3: #b8659a; --s4: #c98300; --s5: #3a9bd6; }
@media (prefers-color-scheme: dark) { :root { --ground: #14171b; --card: #1d2127; --ink: #e6e9ed;
  --soft: #9aa4af; --rule: #343b44; --warn: #ff9d66;
  --s0: #56b4e9; --s1: #ff8a4c; --s2: #2fc79b; --s3: #d98cc0; --s4: #f0b429; --s5: #8fcbf0; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 960px; margin: 0 auto; padding: 28px 20px 60px; }
h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 18px; margin: 36px 0 6px; }
p { margin: 4px 0 10px; } .soft { color: var(--soft); } .warn { color: var(--warn); }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(180px, 1fr)); gap: 10px;
  margin: 18px 0; }
.card { background: var(--card); border-radius: 8px; padding: 10px 14px; }
.card b { display: block; font-size: 20px; font-variant-numeric: tabular-nums; }
.card span { color: var(--soft); font-size: 13px; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 4px 10px; border-bottom: 1px solid var(--rule);
  white-space: nowrap; }
th { font-weight: 600; color: var(--soft); } th:first-child, td:first-child { text-align: left; }
.words th { width: 1%; } .words td { text-align: left; white-space: normal; }
svg { width: 100%; height: auto; display: block; } svg text { fill: var(--soft); font-size: 12px; }
.end { text-anchor: end; } .middle { text-anchor: middle; } .axis { fill: var(--ink); }
.grid { stroke: var(--rule); stroke-width: 1; }
.mark { stroke: var(--warn); stroke-width: 1.5; stroke-dasharray: 6 4; }
svg .markname { fill: var(--warn); }
.line { fill: none; stroke-width: 2; } .faint { stroke-dasharray: 4 4; opacity: 0.75; }
.line.s0 { stroke: var(--s0); } .dot.s0 { fill: var(--s0); }
.line.s1 { stroke: var(--s1); } .dot.s1 { fill: var(--s1); }
.line.s2 { stroke: var(--s2); } .dot.s2 { fill: var(--s2); }
.line.s3 { stroke: var(--s3); } .dot.s3 { fill: var(--s3); }
.line.s4 { stroke: var(--s4); } .dot.s4 { fill: var(--s4); }
.line.s5 { stroke: var(--s5); } .dot.s5 { fill: var(--s5); }
.bar { background: var(--s0); height: 10px; border-radius: 3px; min-width: 1px; }
.bar.waiting { background: var(--s1); }
@media print { main { max-width: none; } }
)css";
}

}  // namespace penstock
