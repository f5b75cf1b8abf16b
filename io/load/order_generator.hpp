// SPDX-License-Identifier: Apache-2.0
// Makes order events for demo, tests and bench: JSON CloudEvents with nested data.
//   {"specversion":"1.0","id":"event-12","source":"/systemforge/shop","type":"...order.placed",
//    "subject":"order-7","time":"...","datacontenttype":"application/json","sequence":"1",
//    "sequencetype":"Integer","data":{"orderId":...,"customer":{...},"items":[...],...}}
// 1. The same options give the same bytes, whatever the machine.
// 2. Each key's valid events are numbered from 1 without gaps, in the `sequence` extension
//    (CloudEvents extension "Sequence", type Integer).
// 3. An event has no newline in it.
// One thread. Cost: some 150 ns an event; allocates only where the caller's text has to grow.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

struct OrderOptions {
  static constexpr std::uint64_t kKeysMax = 1ULL << 26;  ///< four bytes of memory each

  std::uint64_t keys = 1000;  ///< subjects, 1 to kKeysMax
  std::uint64_t seed = 1;
  std::size_t event_bytes = 500;  ///< about; shorter than some 400 is not possible
  double invalid_share = 0;       ///< of events that are no valid CloudEvents, 0 to 1
};

/// What was made, for who checks it later.
struct MadeOrder {
  std::uint64_t key = 0;  ///< its subject is "order-<key>"
  std::uint64_t customer = 0;
  std::uint32_t sequence = 0;  ///< 0 if it is not valid
  std::uint64_t cents = 0;     ///< data.totalAmount * 100
  bool valid = true;
};

class OrderGenerator {
 public:
  /// More would wrap the sequence numbers of a key.
  static constexpr std::uint64_t kEventsMax = UINT32_MAX;

  /// Requires: options within their bounds.
  explicit OrderGenerator(const OrderOptions& options);

  /// Appends the next event to `out`, without a newline.
  MadeOrder append(std::string& out);

 private:
  class Writer;

  std::uint64_t random() noexcept;
  void append_envelope(Writer& out, const MadeOrder& order);
  void append_data(Writer& out, MadeOrder& order);
  void append_time(Writer& out);
  static void spoil(std::string& out, std::size_t begin, std::uint64_t how);

  // Fixed after construction.
  OrderOptions options_;
  std::uint64_t invalid_below_ = 0;  ///< a random number under it makes an invalid event
  // The generating thread only.
  std::uint64_t random_state_;
  std::uint64_t made_ = 0;
  std::uint64_t day_ = 0;
  std::array<char, 10> date_{};
  std::vector<std::uint32_t> sequences_;  ///< by key
};

}  // namespace penstock
