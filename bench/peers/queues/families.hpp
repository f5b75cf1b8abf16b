// SPDX-License-Identifier: Apache-2.0
// The queues by where they come from; each family is one source file, since its headers are heavy.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "../scenario.hpp"
#include "harness.hpp"

namespace penstock::bench {

/// What items are passed through.
struct QueueShape {
  std::size_t item_bytes = 8;  ///< 8, 64 or 512
  std::size_t slots = 1024;
};

using Implementations = std::vector<Implementation>;

// One source, one consumer.
void add_penstock_items(Implementations& to, const Cores& cores, const QueueShape& shape);
void add_boost_items(Implementations& to, const Cores& cores, const QueueShape& shape);
void add_reader_writer_items(Implementations& to, const Cores& cores, const QueueShape& shape);
void add_concurrent_items(Implementations& to, const Cores& cores, const QueueShape& shape);
void add_tbb_items(Implementations& to, const Cores& cores, const QueueShape& shape);
void add_mutex_items(Implementations& to, const Cores& cores, const QueueShape& shape);
/// Lines written by one core and read by the other, without any queue: the limit.
void add_stream_items(Implementations& to, const Cores& cores, const QueueShape& shape);

// There and back.
void add_penstock_bounce(Implementations& to, const Cores& cores);
void add_boost_bounce(Implementations& to, const Cores& cores);
void add_reader_writer_bounce(Implementations& to, const Cores& cores);
void add_concurrent_bounce(Implementations& to, const Cores& cores);
void add_tbb_bounce(Implementations& to, const Cores& cores);
void add_mutex_bounce(Implementations& to, const Cores& cores);
/// One cache line each way, without any queue: the limit.
void add_line_bounce(Implementations& to, const Cores& cores);

// Two producers.
void add_penstock_producers(Implementations& to, const Cores& cores, std::size_t slots);
void add_boost_producers(Implementations& to, const Cores& cores, std::size_t slots);
void add_concurrent_producers(Implementations& to, const Cores& cores, std::size_t slots);
void add_tbb_producers(Implementations& to, const Cores& cores, std::size_t slots);
void add_mutex_producers(Implementations& to, const Cores& cores, std::size_t slots);

/// A row of pass_items().
template <class Queue, std::size_t batch>
Implementation passing(std::string name, const Cores& cores, std::size_t slots) {
  return {.name = std::move(name), .run = [cores, slots](std::uint64_t count) {
            return pass_items<Queue, batch>(cores, slots, count);
          }};
}

/// A row of contend().
template <class Queue, std::size_t batch>
Implementation contending(std::string name, const Cores& cores, std::size_t slots) {
  return {.name = std::move(name), .run = [cores, slots](std::uint64_t count) {
            return contend<Queue, batch>(cores, slots, count);
          }};
}

/// A row of bounce().
template <class Queue>
Implementation bouncing(std::string name, const Cores& cores) {
  return {.name = std::move(name),
          .run = [cores](std::uint64_t count) { return bounce<Queue>(cores, count); }};
}

inline Implementation ours(Implementation implementation) {
  implementation.ours = true;
  return implementation;
}

}  // namespace penstock::bench
