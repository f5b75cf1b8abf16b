// SPDX-License-Identifier: Apache-2.0
// From the bytes of NDJSON events to a sum over their attributes: Penstock, and what people glue
// together by hand. Every way reads the same bytes and must come to the same sum.
//   source core: find the line, hand it over   ->   consumer core: decode it, read its attributes
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "../scenario.hpp"

namespace penstock::bench {

/// Events that outlive every run, with 64 readable bytes behind the last.
class Events {
 public:
  explicit Events(std::string ndjson);
  [[nodiscard]] const std::vector<std::string_view>& lines() const noexcept { return lines_; }
  [[nodiscard]] std::size_t bytes_per_event() const noexcept {
    return text_.size() / lines_.size();
  }

 private:
  std::string text_;
  std::vector<std::string_view> lines_;
};

/// NDJSON of so many orders of about 500 bytes.
[[nodiscard]] std::string make_orders(std::size_t count);

// A sum over the lengths of all attributes of the first `count` events. One core, no queue:
Sample bare_penstock(const Events& events, std::size_t count, const Cores& cores);
Sample bare_simdjson(const Events& events, std::size_t count, const Cores& cores);
// Two cores:
Sample penstock_pipeline(const Events& events, std::size_t count, const Cores& cores);
Sample queue_simdjson(const Events& events, std::size_t count, const Cores& cores);
Sample queue_simdjson_mimalloc(const Events& events, std::size_t count, const Cores& cores);
Sample queue_nlohmann(const Events& events, std::size_t count, const Cores& cores);
Sample mutex_nlohmann(const Events& events, std::size_t count, const Cores& cores);

}  // namespace penstock::bench
