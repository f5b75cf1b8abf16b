// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/load/report/svg_plot.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include <penstock/io/load/report/markup.hpp>

namespace penstock {
namespace {

constexpr double kWidth = 800;
constexpr double kHeight = 360;
constexpr double kLeft = 74;
constexpr double kRight = 26;  ///< half of the last label stands there
constexpr double kTop = 34;    ///< with the legend
constexpr double kBottom = 48;
constexpr double kLogLeast = 1;  ///< what an axis in nanoseconds or events shows at least
constexpr unsigned kColours = 6;

std::string at(double position) { return fmt::format("{:.1f}", position); }

/// From values to pixels.
class Scale {
 public:
  Scale(double low, double high, bool logarithmic, double from, double to)
      : logarithmic_(logarithmic), low_(place(low)), high_(place(high)), from_(from), to_(to) {}

  [[nodiscard]] double operator()(double value) const {
    const double share = high_ > low_ ? (place(value) - low_) / (high_ - low_) : 0.5;
    return from_ + std::clamp(share, 0.0, 1.0) * (to_ - from_);
  }

 private:
  [[nodiscard]] double place(double value) const {
    return logarithmic_ ? std::log10(std::max(value, kLogLeast)) : value;
  }

  bool logarithmic_;
  double low_;
  double high_;
  double from_;
  double to_;
};

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  void take(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

/// Wide enough for the ticks on both sides.
Range widened(Range range, const PlotAxis& axis) {
  if (axis.logarithmic) range.low = std::max(range.low, kLogLeast);
  range.high = std::max(range.high, range.low);
  if (!axis.ticks.empty()) {
    range.take(axis.ticks.front());
    return range;
  }
  if (axis.logarithmic) {
    const double decades = std::log10(range.high / range.low);
    const auto down = [&](double value) {
      const double power = std::pow(10, std::floor(std::log10(value)));
      if (decades > 2) return power;
      return value >= 5 * power ? 5 * power : value >= 2 * power ? 2 * power : power;
    };
    const double top = down(range.high);
    const double power = std::pow(10, std::floor(std::log10(range.high)));
    range.low = down(range.low);
    if (top < range.high)
      range.high = decades > 2 || top >= 5 * power ? 10 * power
                   : top >= 2 * power              ? 5 * power
                                                   : 2 * power;
    if (range.high <= range.low) range.high = 10 * range.low;
  } else {
    range.low = std::min(range.low, 0.0);
    if (range.high <= range.low) range.high = range.low + 1;
  }
  return range;
}

class Painter {
 public:
  Painter(const Plot& plot, Range x, Range y)
      : plot_(plot),
        x_range_(x),
        y_range_(y),
        x_(x.low, x.high, plot.x.logarithmic, kLeft, kWidth - kRight),
        y_(y.low, y.high, plot.y.logarithmic, kHeight - kBottom, kTop) {}

  std::string paint();

 private:
  void paint_axes();
  void paint_marks();
  void paint_series(const PlotSeries& series, const std::string& colour);
  void paint_legend();
  void label(double x, double y, const std::string& kind, const std::string& text) {
    out_.element("text", text, {{"x", at(x)}, {"y", at(y)}, {"class", kind}});
  }
  void line(double x1, double y1, double x2, double y2, const std::string& kind) {
    out_.empty("line",
               {{"x1", at(x1)}, {"y1", at(y1)}, {"x2", at(x2)}, {"y2", at(y2)}, {"class", kind}});
  }
  [[nodiscard]] static std::string colour(const PlotSeries& series, std::size_t number) {
    return "s" + std::to_string(number % kColours) + (series.faint ? " faint" : "");
  }

  const Plot& plot_;
  Range x_range_;
  Range y_range_;
  Scale x_;
  Scale y_;
  Markup out_;
};

std::string Painter::paint() {
  out_.open("svg", {{"viewBox", fmt::format("0 0 {} {}", kWidth, kHeight)},
                    {"role", "img"},
                    {"xmlns", "http://www.w3.org/2000/svg"}});
  out_.element("title", plot_.title);
  paint_axes();
  paint_marks();
  for (std::size_t i = 0; i < plot_.series.size(); ++i)
    paint_series(plot_.series[i], colour(plot_.series[i], i));
  paint_legend();
  return std::move(out_.close()).text();
}

void Painter::paint_axes() {
  const double bottom = kHeight - kBottom;
  const std::vector<double> y_ticks =
      plot_.y.ticks.empty() ? round_ticks(y_range_.low, y_range_.high, plot_.y.logarithmic)
                            : plot_.y.ticks;
  for (const double tick : y_ticks) {
    line(kLeft, y_(tick), kWidth - kRight, y_(tick), "grid");
    label(kLeft - 8, y_(tick) + 4, "end", plot_.y.in_words(tick));
  }
  const std::vector<double> x_ticks =
      plot_.x.ticks.empty() ? round_ticks(x_range_.low, x_range_.high, plot_.x.logarithmic)
                            : plot_.x.ticks;
  for (const double tick : x_ticks) {
    if (tick > x_range_.high) continue;
    line(x_(tick), kTop, x_(tick), bottom, "grid");
    label(x_(tick), bottom + 18, "middle", plot_.x.in_words(tick));
  }
  label((kLeft + kWidth - kRight) / 2, kHeight - 8, "middle axis", plot_.x.label);
  label(kLeft, kTop - 20, "start axis", plot_.y.label);
}

void Painter::paint_marks() {
  for (const PlotMark& mark : plot_.marks) {
    line(kLeft, y_(mark.y), kWidth - kRight, y_(mark.y), "mark");
    label(kWidth - kRight - 4, y_(mark.y) - 5, "end markname", mark.text);
  }
}

void Painter::paint_series(const PlotSeries& series, const std::string& colour) {
  std::string path;
  for (const auto& [x, y] : series.points)
    path.append(path.empty() ? "M" : "L").append(at(x_(x))).append(" ").append(at(y_(y)));
  if (series.line) out_.empty("path", {{"d", path}, {"class", "line " + colour}});
  if (series.faint) return;
  for (const auto& [x, y] : series.points) {
    out_.open("circle", {{"cx", at(x_(x))},
                         {"cy", at(y_(y))},
                         {"r", series.line ? "2" : "4"},
                         {"class", "dot " + colour}});
    out_.element("title", series.name + ": " + plot_.x.in_words(x) + ", " + plot_.y.in_words(y));
    out_.close();
  }
}

/// Right-aligned in one row on top.
void Painter::paint_legend() {
  constexpr double kCharacter = 7;
  constexpr double kSign = 26;
  double x = kWidth - kRight;
  for (std::size_t i = plot_.series.size(); i-- > 0;) {
    const PlotSeries& series = plot_.series[i];
    x -= kCharacter * static_cast<double>(series.name.size());
    label(x, kTop - 16, "start", series.name);
    x -= kSign;
    if (series.line)
      line(x, kTop - 20, x + 20, kTop - 20, "line " + colour(series, i));
    else
      out_.empty("circle", {{"cx", at(x + 12)},
                            {"cy", at(kTop - 20)},
                            {"r", "4"},
                            {"class", "dot " + colour(series, i)}});
    x -= kSign / 2;
  }
}

}  // namespace

std::vector<double> round_ticks(double low, double high, bool logarithmic) {
  constexpr double kSlack = 1e-9;  // what rounding may have taken from a bound
  std::vector<double> ticks;
  if (logarithmic) {
    const bool powers_alone = high / low > 101;
    const int first = static_cast<int>(std::floor(std::log10(low)));
    const int last = static_cast<int>(std::floor(std::log10(high * (1 + kSlack))));
    for (int exponent = first; exponent <= last; ++exponent)
      for (const double factor : {1.0, 2.0, 5.0}) {
        const double tick = std::pow(10, exponent) * factor;
        const bool inside = tick >= low * (1 - kSlack) && tick <= high * (1 + kSlack);
        if (inside && (factor == 1 || !powers_alone)) ticks.push_back(tick);
      }
    return ticks;
  }
  constexpr double kWanted = 8;
  const double rough = (high - low) / kWanted;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  const double share = rough / power;
  const double step = power * (share <= 1 ? 1 : share <= 2 ? 2 : share <= 5 ? 5 : 10);
  const auto last = static_cast<long>(std::floor(high / step + kSlack));
  for (auto number = static_cast<long>(std::ceil(low / step - kSlack)); number <= last; ++number)
    ticks.push_back(static_cast<double>(number) * step);
  return ticks;
}

std::string svg_plot(const Plot& plot) {
  Range x;
  Range y;
  for (const PlotSeries& series : plot.series)
    for (const auto& [of_x, of_y] : series.points) {
      x.take(of_x);
      y.take(of_y);
    }
  if (x.high < x.low) return {};
  for (const PlotMark& mark : plot.marks) y.take(mark.y);
  return Painter(plot, widened(x, plot.x), widened(y, plot.y)).paint();
}

}  // namespace penstock
