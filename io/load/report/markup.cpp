// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/load/report/markup.hpp>

#include <penstock/io/json_writer.hpp>
#include <penstock/runtime/base/check.hpp>

namespace penstock {
namespace {

/// XML 1.0, section 2.2: control characters cannot be written at all, and what is no UTF-8 neither.
void append_escaped(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const std::size_t bytes = utf8_character_bytes(text);
    const char byte = text.front();
    const bool control = static_cast<unsigned char>(byte) < 0x20 && byte != '\n' && byte != '\t';
    if (bytes == 0 || control)
      out += "\xEF\xBF\xBD";
    else if (byte == '&')
      out += "&amp;";
    else if (byte == '<')
      out += "&lt;";
    else if (byte == '>')
      out += "&gt;";
    else if (byte == '"')
      out += "&quot;";
    else
      out += text.substr(0, bytes);
    text.remove_prefix(bytes == 0 ? 1 : bytes);
  }
}

}  // namespace

void Markup::begin(std::string_view element, Attributes attributes) {
  text_.append("<").append(element);
  for (const auto& [name, value] : attributes) {
    text_.append(" ").append(name).append("=\"");
    append_escaped(text_, value);
    text_ += '"';
  }
}

Markup& Markup::open(std::string_view element, Attributes attributes) {
  begin(element, attributes);
  text_ += '>';
  open_.emplace_back(element);
  return *this;
}

Markup& Markup::close() {
  PENSTOCK_CHECK(!open_.empty());
  text_.append("</").append(open_.back()).append(">\n");
  open_.pop_back();
  return *this;
}

Markup& Markup::empty(std::string_view element, Attributes attributes) {
  begin(element, attributes);
  text_ += "/>\n";
  return *this;
}

Markup& Markup::text(std::string_view text) {
  append_escaped(text_, text);
  return *this;
}

Markup& Markup::element(std::string_view element, std::string_view content, Attributes attributes) {
  return open(element, attributes).text(content).close();
}

Markup& Markup::raw(std::string_view markup) {
  text_ += markup;
  return *this;
}

std::string Markup::text() && {
  PENSTOCK_CHECK(open_.empty());
  return std::move(text_);
}

}  // namespace penstock
