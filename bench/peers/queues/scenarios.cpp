// SPDX-License-Identifier: Apache-2.0
#include "scenarios.hpp"

#include <array>
#include <string>

#include "../lmax/lmax.hpp"
#include "families.hpp"
#include "item.hpp"

namespace penstock::bench {
namespace {

constexpr std::array<std::size_t, 2> kRingSlots = {1024, 65536};

std::vector<Case> item_cases(const Cores& cores, std::size_t item_bytes) {
  const auto lmax = Lmax::start(cores, item_bytes);
  std::vector<Case> cases;
  for (const std::size_t slots : kRingSlots) {
    Case made;
    made.name = "items" + std::to_string(item_bytes) + "/" + std::to_string(slots);
    made.title = "items of " + std::to_string(item_bytes) + " bytes through rings of " +
                 std::to_string(slots) + ", one source, one consumer";
    made.item = "item";
    made.expected = [item_bytes](std::uint64_t count) {
      return with_item_bytes(item_bytes,
                             [&]<std::size_t bytes>() { return checksum_of<bytes>(0, count); });
    };
    const QueueShape shape{.item_bytes = item_bytes, .slots = slots};
    add_penstock_items(made.implementations, cores, shape);
    add_stream_items(made.implementations, cores, shape);
    add_boost_items(made.implementations, cores, shape);
    add_reader_writer_items(made.implementations, cores, shape);
    add_lmax(made, lmax,
             {{"LMAX, single", {.kind = "pass", .slots = slots, .batch = 1}},
              {"LMAX, single + Pace", {.kind = "pass_paced", .slots = slots, .batch = 1}},
              {"LMAX, batch 16", {.kind = "pass", .slots = slots, .batch = 16}},
              {"LMAX, batch 16 + Pace", {.kind = "pass_paced", .slots = slots, .batch = 16}},
              {"LMAX, batch 64", {.kind = "pass", .slots = slots, .batch = 64}},
              {"LMAX, batch 64 + Pace", {.kind = "pass_paced", .slots = slots, .batch = 64}}});
    add_concurrent_items(made.implementations, cores, shape);
    add_tbb_items(made.implementations, cores, shape);
    add_mutex_items(made.implementations, cores, shape);
    cases.push_back(std::move(made));
  }
  return cases;
}

std::vector<Case> ping_pong_cases(const Cores& cores) {
  Case made;
  made.name = "ping_pong";
  made.title = "8 bytes there and back through two rings, both sides spinning";
  made.item = "round trip";
  made.expected = [](std::uint64_t count) { return checksum_of<8>(0, count); };
  add_penstock_bounce(made.implementations, cores);
  add_line_bounce(made.implementations, cores);
  add_boost_bounce(made.implementations, cores);
  add_reader_writer_bounce(made.implementations, cores);
  add_lmax(made, Lmax::start(cores, 8), {{"LMAX", {.kind = "bounce"}}});
  add_concurrent_bounce(made.implementations, cores);
  add_tbb_bounce(made.implementations, cores);
  add_mutex_bounce(made.implementations, cores);
  return {std::move(made)};
}

std::vector<Case> producers_cases(const Cores& cores) {
  const auto lmax = Lmax::start(cores, 8);
  std::vector<Case> cases;
  for (const std::size_t slots : kRingSlots) {
    Case made;
    made.name = "producers/" + std::to_string(slots);
    made.title = "items of 8 bytes from two producers through rings of " + std::to_string(slots) +
                 "; the thread of the first producer takes them out as well";
    made.item = "item";
    made.expected = contended_checksum;
    add_penstock_producers(made.implementations, cores, slots);
    add_concurrent_producers(made.implementations, cores, slots);
    add_lmax(made, lmax,
             {{"LMAX multi, single", {.kind = "contend", .slots = slots, .batch = 1}},
              {"LMAX multi, batch 16", {.kind = "contend", .slots = slots, .batch = 16}},
              {"LMAX multi, batch 64", {.kind = "contend", .slots = slots, .batch = 64}}});
    add_boost_producers(made.implementations, cores, slots);
    add_tbb_producers(made.implementations, cores, slots);
    add_mutex_producers(made.implementations, cores, slots);
    cases.push_back(std::move(made));
  }
  return cases;
}

}  // namespace

std::vector<Scenario> queue_scenarios() {
  std::vector<Scenario> scenarios;
  for (const std::size_t bytes : {8, 64, 512})
    scenarios.push_back(
        {.name = "items" + std::to_string(bytes),
         .summary = "one source, one consumer, " + std::to_string(bytes) +
                    "-byte items, rings of 1K and 64K, one at a time and in batches",
         .cases = [bytes](const Cores& cores) { return item_cases(cores, bytes); }});
  scenarios.push_back({.name = "ping_pong",
                       .summary = "one item there and back, against one cache line",
                       .cases = ping_pong_cases});
  scenarios.push_back({.name = "producers",
                       .summary = "two producers of one consumer, rings of 1K and 64K",
                       .cases = producers_cases});
  return scenarios;
}

}  // namespace penstock::bench
