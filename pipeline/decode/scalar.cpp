// SPDX-License-Identifier: Apache-2.0
#include <penstock/pipeline/decode/scalar.hpp>

namespace penstock::decoding {
namespace {

const char* skip_digits(const char* from, const char* end) noexcept {
  while (from != end && is_digit(*from)) ++from;
  return from;
}

/// The end of at least one digit, or nullptr.
const char* digits_end(const char* from, const char* end) noexcept {
  const char* const stop = skip_digits(from, end);
  return stop == from ? nullptr : stop;
}

}  // namespace

const char* number_end(const char* from, const char* end) noexcept {
  if (from != end && *from == '-') ++from;
  if (from == end || !is_digit(*from)) return nullptr;
  from = *from == '0' ? from + 1 : skip_digits(from, end);
  if (from != end && *from == '.') {
    from = digits_end(from + 1, end);
    if (from == nullptr) return nullptr;
  }
  if (from != end && (*from | 0x20) == 'e') {
    ++from;
    if (from != end && (*from == '+' || *from == '-')) ++from;
    from = digits_end(from, end);
  }
  return from;
}

bool is_long_number(const char* bytes, std::uint32_t from, std::uint32_t next) noexcept {
  const char* const end = number_end(bytes + from, bytes + next);
  return end != nullptr && ends_well(bytes, static_cast<std::uint32_t>(end - bytes), next);
}

}  // namespace penstock::decoding
