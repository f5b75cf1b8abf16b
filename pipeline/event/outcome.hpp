// SPDX-License-Identifier: Apache-2.0
// What a handler says of an event.
// The reason of a dead event is copied into the outcome, so that a handler may build it from
// temporaries; `next` and `drop` write two bytes.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace penstock {

class Outcome {
 public:
  /// As next().
  Outcome() noexcept : Outcome(Kind::next) {}

  enum class Kind : std::uint8_t { next, drop, dead };

  static constexpr std::size_t kReasonBytesMax = 126;  ///< two cache lines in all

  /// The event goes on to the next stage.
  static Outcome next() noexcept { return Outcome(Kind::next); }
  /// The event ends here, as intended; counted under the stage's name.
  static Outcome drop() noexcept { return Outcome(Kind::drop); }
  /// The event ends here, as a failure: it goes to the rejects with this reason, of which the first
  /// kReasonBytesMax bytes are kept.
  static Outcome dead(std::string_view reason) noexcept {
    Outcome outcome(Kind::dead);
    outcome.reason_bytes_ = static_cast<std::uint8_t>(std::min(reason.size(), kReasonBytesMax));
    // Not in the middle of a UTF-8 character: continuation bytes are 10xxxxxx.
    while (outcome.reason_bytes_ < reason.size() && outcome.reason_bytes_ > 0 &&
           (static_cast<unsigned char>(reason[outcome.reason_bytes_]) & 0xC0) == 0x80)
      --outcome.reason_bytes_;
    std::memcpy(outcome.reason_.data(), reason.data(), outcome.reason_bytes_);
    return outcome;
  }

  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  [[nodiscard]] std::string_view reason() const noexcept { return {reason_.data(), reason_bytes_}; }

 private:
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): the reason is read up to reason_bytes_.
  explicit Outcome(Kind kind) noexcept : kind_(kind) {}

  Kind kind_;
  std::uint8_t reason_bytes_ = 0;
  std::array<char, kReasonBytesMax> reason_;
};

static_assert(sizeof(Outcome) == 128);

}  // namespace penstock
