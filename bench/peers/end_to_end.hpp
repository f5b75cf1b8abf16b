// SPDX-License-Identifier: Apache-2.0
// From the bytes of NDJSON events to a sum over their attributes: Penstock, and what people glue
// together by hand. Every way reads the same bytes and must come to the same sum.
//   source core: find the line, hand it over   ->   consumer core: decode it, read its attributes
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::bench {

struct Cores {
  unsigned consumer = 0;
  unsigned source = 1;
};

/// Events that outlive every run, with 64 readable bytes behind the last.
class Events {
 public:
  explicit Events(std::string ndjson);
  [[nodiscard]] const std::vector<std::string_view>& lines() const noexcept { return lines_; }
  [[nodiscard]] double bytes_per_event() const noexcept {
    return double(text_.size()) / double(lines_.size());
  }

 private:
  std::string text_;
  std::vector<std::string_view> lines_;
};

struct Run {
  double ns_per_event = 0;
  std::uint64_t sum = 0;  ///< lengths of all attributes of all events
};

// One core, no queue.
Run bare_penstock(const Events& events, std::size_t count, const Cores& cores);
Run bare_simdjson(const Events& events, std::size_t count, const Cores& cores);
// Two cores.
Run penstock_pipeline(const Events& events, std::size_t count, const Cores& cores);
Run queue_simdjson(const Events& events, std::size_t count, const Cores& cores);
Run queue_simdjson_mimalloc(const Events& events, std::size_t count, const Cores& cores);
Run queue_nlohmann(const Events& events, std::size_t count, const Cores& cores);

}  // namespace penstock::bench
