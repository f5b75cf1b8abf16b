// SPDX-License-Identifier: Apache-2.0
// A plot as an SVG element, for a page with report_style(): axes that are linear or logarithmic,
// lines or dots, a legend, horizontal marks. Colours are classes of the style sheet, so that the
// page decides what is light and what is dark.
// Pure functions, any thread.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace penstock {

struct PlotSeries {
  std::string name;
  std::vector<std::pair<double, double>> points;
  bool line = true;    ///< false: dots alone
  bool faint = false;  ///< something to compare with
};

struct PlotAxis {
  std::string label;
  bool logarithmic = false;
  std::function<std::string(double)> in_words;  ///< of a tick
  std::vector<double> ticks;                    ///< empty: round numbers
};

struct PlotMark {
  double y = 0;
  std::string text;
};

struct Plot {
  std::string title;  ///< for who cannot see it
  PlotAxis x;
  PlotAxis y;
  std::vector<PlotSeries> series;
  std::vector<PlotMark> marks;
};

/// Points that a logarithmic axis cannot show (not above zero) are drawn at its lower end.
/// Empty if there are no points at all.
[[nodiscard]] std::string svg_plot(const Plot& plot);

/// Round numbers that span a range: 1, 2 or 5 times a power of ten; powers of ten alone where the
/// axis is logarithmic and long. Requires: low < high, above 0 if logarithmic.
[[nodiscard]] std::vector<double> round_ticks(double low, double high, bool logarithmic);

}  // namespace penstock
