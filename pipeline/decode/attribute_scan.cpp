// SPDX-License-Identifier: Apache-2.0
#include <penstock/pipeline/decode/attribute_scan.hpp>

#include <cstdint>

#include <penstock/pipeline/decode/bytes.hpp>
#include <penstock/pipeline/decode/escapes.hpp>

namespace penstock::decoding {
namespace {

/// Steps over the members of an accepted event. Every step stays inside the document, whatever
/// stands there, and goes forward.
class MemberScan {
 public:
  MemberScan(std::string_view document, const Envelope& envelope) noexcept
      : document_(document), data_(envelope.data_kind == DataKind::json ? envelope.data : View{}) {
    skip_to('{');
  }

  /// The next name and value; false at the end. A value that is data is not present.
  bool next(View& name, View& value, char& first) noexcept {
    skip_to('"');
    name = string();
    skip_to(':');
    while (at_ < document_.size() && is_space(document_[at_])) ++at_;
    if (at_ >= document_.size()) return false;
    first = document_[at_];
    if (at_ == data_.offset) {
      value = {};
      at_ += data_.length();
    } else if (first == '"') {
      ++at_;
      value = string();
    } else {
      const auto from = static_cast<std::uint32_t>(at_);
      while (at_ < document_.size() && !ends_scalar(document_[at_])) ++at_;
      value = View::make(from, static_cast<std::uint32_t>(at_) - from, false);
    }
    return true;
  }

 private:
  static bool ends_scalar(char byte) noexcept {
    return byte == ',' || byte == '}' || is_space(byte);
  }
  /// To behind the next such byte. Between members only white space and punctuation stand.
  void skip_to(char byte) noexcept {
    while (at_ < document_.size() && document_[at_] != byte) ++at_;
    ++at_;
  }
  /// The string whose contents begin here; goes behind its closing quote.
  View string() noexcept {
    const auto from = static_cast<std::uint32_t>(at_);
    bool escaped = false;
    while (at_ < document_.size() && document_[at_] != '"') {
      const bool escape = document_[at_] == '\\';
      escaped |= escape;
      at_ += escape ? 2 : 1;
    }
    const View view = View::make(from, static_cast<std::uint32_t>(at_) - from, escaped);
    ++at_;
    return view;
  }

  std::string_view document_;
  View data_;
  std::size_t at_ = 0;
};

ValueKind kind_of(char first) noexcept {
  if (first == '"') return ValueKind::string;
  return first == 't' || first == 'f' ? ValueKind::boolean : ValueKind::integer;
}

}  // namespace

Extension scan_for_extension(std::string_view document, const Envelope& envelope,
                             std::string_view name, ValueKind& kind) noexcept {
  MemberScan scan(document, envelope);
  Extension extension;
  char first = 0;
  while (scan.next(extension.name, extension.value, first)) {
    const std::string_view raw = document.substr(extension.name.offset, extension.name.length());
    if (!extension.value.present() || first == 'n' || !means(raw, name)) continue;
    kind = kind_of(first);
    return extension;
  }
  return {};
}

}  // namespace penstock::decoding
