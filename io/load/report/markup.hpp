// SPDX-License-Identifier: Apache-2.0
// Writes HTML and SVG as well-formed XML: every element is closed, every text is escaped.
//   markup.open("p", {{"class", "note"}}).text("a < b").close();
// One thread.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace penstock {

class Markup {
 public:
  using Attributes = std::initializer_list<std::pair<std::string_view, std::string>>;

  Markup& open(std::string_view element, Attributes attributes = {});
  /// Closes the innermost open element. Requires: there is one.
  Markup& close();
  Markup& empty(std::string_view element, Attributes attributes = {});
  Markup& text(std::string_view text);
  /// An element with nothing but a text in it.
  Markup& element(std::string_view element, std::string_view text, Attributes attributes = {});
  /// What is markup already. Requires: well-formed.
  Markup& raw(std::string_view markup);

  /// Requires: nothing is open.
  [[nodiscard]] std::string text() &&;

 private:
  void begin(std::string_view element, Attributes attributes);

  std::string text_;
  std::vector<std::string> open_;
};

}  // namespace penstock
