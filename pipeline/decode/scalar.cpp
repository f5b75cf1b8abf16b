// SPDX-License-Identifier: Apache-2.0
#include <penstock/pipeline/decode/scalar.hpp>

#include <array>
#include <cstddef>

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

bool read_short_decimal(std::string_view text, double& value) noexcept {
  constexpr std::size_t kLongest = 17;
  constexpr std::array<double, kLongest> kPowers = {
      1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16};
  if (text.size() > kLongest) return false;
  const char* from = text.data();
  const char* const end = from + text.size();
  const bool negative = from != end && *from == '-';
  if (negative) ++from;
  std::uint64_t digits = 0;
  const auto read_digits = [&] {
    const char* const begin = from;
    for (; from != end && is_digit(*from); ++from)
      digits = digits * 10 + static_cast<unsigned char>(*from - '0');
    return static_cast<std::size_t>(from - begin);
  };
  const bool zero = from != end && *from == '0';
  const std::size_t whole = read_digits();
  if (whole == 0 || (zero && whole > 1)) return false;
  std::size_t fraction = 0;
  if (from != end) {
    if (*from++ != '.') return false;
    fraction = read_digits();
    if (fraction == 0 || from != end) return false;
  }
  if (digits >= std::uint64_t{1} << 53) return false;
  const double size = static_cast<double>(digits) / kPowers[fraction];
  value = negative ? -size : size;
  return true;
}

bool is_long_number(const char* bytes, std::uint32_t from, std::uint32_t next) noexcept {
  const char* const end = number_end(bytes + from, bytes + next);
  return end != nullptr && ends_well(bytes, static_cast<std::uint32_t>(end - bytes), next);
}

}  // namespace penstock::decoding
