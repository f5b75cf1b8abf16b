// SPDX-License-Identifier: Apache-2.0
// How the queues are driven. Every queue is wrapped into the same small shape, so that one loop
// drives them all:
//   Queue(std::size_t slots)            bounded to about so many items
//   Source source()                     one per producing thread; source(n), if it has that, for
//                                       the n-th
//     push<batch>(first, count, wait)   passes the items first, first + 1, ...; calls wait() as
//                                       often as there is no room
//     flush()                           hands over what push() kept back
//   Consumer consumer()
//     poll(handle, limit)               calls handle(const Item&); how many there were, 0 for none
//     polled(count)                     if it has that: waits between two polls (paced.hpp)
//
//   pass_items    source core --queue--> consumer core
//   contend       source core --queue--> consumer core, whose thread produces as well
//   bounce        there and back through two queues, one item in flight
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <penstock/runtime/base/atomics.hpp>

#include "../machine/start_line.hpp"
#include "../scenario.hpp"
#include "item.hpp"

namespace penstock::bench {

/// Items before the clock starts: two laps, so that every page of the ring was touched and every
/// block that a queue keeps was made.
inline std::uint64_t warm_up_of(std::size_t slots) {
  return 2 * std::max<std::size_t>(slots, 1024);
}

struct Wait {
  void operator()() const noexcept { StdAtomics::pause(); }
};

/// Where there is nothing else to do. Readers without a pace pause once where they found nothing.
template <class Consumer>
void between_polls(Consumer& consumer, std::size_t count) {
  if constexpr (requires { consumer.polled(count); })
    consumer.polled(count);
  else if (count == 0)
    StdAtomics::pause();
}

/// For the n-th producing thread.
template <class Queue>
auto source_of(Queue& queue, std::size_t producer) {
  if constexpr (requires { queue.source(producer); })
    return queue.source(producer);
  else
    return queue.source();
}

/// push() by a queue that takes one item at a time.
template <class Item, class TryPush, class WhenFull>
void push_each(std::uint64_t first, std::size_t count, TryPush&& try_push, WhenFull&& when_full) {
  for (std::size_t i = 0; i < count; ++i) {
    Item item;
    fill(item, first + i);
    while (!try_push(std::as_const(item))) when_full();
  }
}

/// push() by a queue that takes as many of an array as there is room for.
template <std::size_t batch, class Item, class TryPush, class WhenFull>
void push_array(std::uint64_t first, std::size_t count, TryPush&& try_push, WhenFull&& when_full) {
  std::array<Item, batch> items;
  for (std::size_t i = 0; i < count; ++i) fill(items[i], first + i);
  for (std::size_t done = 0; done < count;) {
    const std::size_t taken = try_push(items.data() + done, count - done);
    if (taken == 0) when_full();
    done += taken;
  }
}

template <std::size_t batch, class Source, class WhenFull>
void push_range(Source& source, std::uint64_t first, std::uint64_t count, WhenFull&& when_full) {
  for (std::uint64_t done = 0; done < count; done += batch)
    source.template push<batch>(
        first + done, static_cast<std::size_t>(std::min<std::uint64_t>(batch, count - done)),
        when_full);
  source.flush();
}

template <class Queue, std::size_t batch>
Sample pass_items(const Cores& cores, std::size_t slots, std::uint64_t count) {
  Queue queue(slots);
  const std::uint64_t warm_up = warm_up_of(slots);
  StartLine line;
  SteadyTime::time_point begin;
  SteadyTime::time_point end;
  std::uint64_t checksum = 0;
  const auto consume = [&] {
    auto consumer = queue.consumer();
    Checksum sum;  // of this thread alone, so that it stays in registers
    const auto take_until = [&](std::uint64_t wanted) {
      const auto handle = [&](const auto& item) { sum.add(total_of(item)); };
      Patience patience("pass_items");
      while (sum.count() < wanted) {
        const std::size_t polled = consumer.poll(handle, SIZE_MAX);
        between_polls(consumer, polled);
        if (polled == 0) patience.found_nothing(sum.count());
      }
    };
    line.meet();
    take_until(warm_up);
    line.meet();
    sum = {};
    take_until(count);
    end = SteadyTime::now();
    checksum = sum.sum();
  };
  const auto produce = [&] {
    auto source = queue.source();
    line.meet();
    push_range<batch>(source, 0, warm_up, Wait{});
    line.meet();
    begin = SteadyTime::now();
    push_range<batch>(source, 0, count, Wait{});
  };
  const double waited_ns = on_two_cores(cores, consume, produce);
  return {ns_between(begin, end) / double(count), checksum, waited_ns};
}

/// The number of the producing thread stands in the highest byte of a value.
inline constexpr unsigned kProducerShift = 56;

/// Two CPUs are all there are: so the thread of the first producer takes items out as well, as many
/// as both put in, between its own. Both producers put into the same queue at the same time.
template <class Queue, std::size_t batch>
Sample contend(const Cores& cores, std::size_t slots, std::uint64_t count) {
  constexpr std::uint64_t kOwnBetweenPolls = 64;
  Queue queue(slots);
  const std::uint64_t each = count / 2;
  const std::uint64_t warm_up = warm_up_of(slots) / 2;
  StartLine line;
  SteadyTime::time_point begin;
  SteadyTime::time_point end;
  std::array<Checksum, 2> sums;
  const auto consume_and_produce = [&] {
    auto consumer = queue.consumer();
    auto source = source_of(queue, 0);
    const auto handle = [&](const auto& item) {
      sums[item.words[0] >> kProducerShift & 1].add(total_of(item));
    };
    const auto take = [&] {
      std::size_t taken = 0;
      while (taken < 2 * kOwnBetweenPolls) {
        const std::size_t polled = consumer.poll(handle, 2 * kOwnBetweenPolls - taken);
        if (polled == 0) break;
        taken += polled;
      }
      return taken;
    };
    const auto work = [&](std::uint64_t own) {
      sums = {};
      for (std::uint64_t done = 0; done < own; done += kOwnBetweenPolls) {
        push_range<batch>(source, done, std::min(kOwnBetweenPolls, own - done), take);
        take();
      }
      const auto taken = [&] { return sums[0].count() + sums[1].count(); };
      Patience patience("contend");
      while (taken() < 2 * own) {
        between_polls(consumer, take());  // may sleep, for there is more to come
        patience.found_nothing(taken());
      }
    };
    line.meet();
    work(warm_up);
    line.meet();
    begin = SteadyTime::now();
    work(each);
    end = SteadyTime::now();
  };
  const auto produce = [&] {
    auto source = source_of(queue, 1);
    constexpr std::uint64_t kSecond = std::uint64_t{1} << kProducerShift;
    line.meet();
    push_range<batch>(source, kSecond, warm_up, Wait{});
    line.meet();
    push_range<batch>(source, kSecond, each, Wait{});
  };
  const double waited_ns = on_two_cores(cores, consume_and_produce, produce);
  return {ns_between(begin, end) / double(2 * each), 3 * sums[0].sum() + sums[1].sum(), waited_ns};
}

/// The checksum of contend().
inline std::uint64_t contended_checksum(std::uint64_t count) {
  return 3 * checksum_of<8>(0, count / 2) +
         checksum_of<8>(std::uint64_t{1} << kProducerShift, count / 2);
}

/// Nobody pauses: the time of one round trip is what is asked for.
template <class Queue>
Sample bounce(const Cores& cores, std::uint64_t count) {
  constexpr std::size_t kSlots = 1024;
  constexpr std::uint64_t kWarmUp = 2 * kSlots;
  Queue there(kSlots);
  Queue back(kSlots);
  StartLine line;
  SteadyTime::time_point begin;
  SteadyTime::time_point end;
  std::uint64_t checksum = 0;
  const auto spin = [] {};
  const auto call = [&] {
    auto source = there.source();
    auto consumer = back.consumer();
    Checksum sum;
    const auto handle = [&](const auto& item) { sum.add(total_of(item)); };
    const auto turns = [&](std::uint64_t wanted) {
      Patience patience("bounce");
      sum = {};
      for (std::uint64_t i = 0; i < wanted; ++i) {
        source.template push<1>(i, 1, spin);
        source.flush();
        while (consumer.poll(handle, 1) == 0) patience.found_nothing(i);
      }
    };
    line.meet();
    turns(kWarmUp);
    line.meet();
    begin = SteadyTime::now();
    turns(count);
    end = SteadyTime::now();
    checksum = sum.sum();
  };
  const auto answer = [&] {
    auto source = back.source();
    auto consumer = there.consumer();
    const auto turns = [&](std::uint64_t wanted) {
      const auto handle = [&](const auto& item) {
        source.template push<1>(item.words[0], 1, spin);
        source.flush();
      };
      for (std::uint64_t i = 0; i < wanted; ++i)
        while (consumer.poll(handle, 1) == 0) {
        }
    };
    line.meet();
    turns(kWarmUp);
    line.meet();
    turns(count);
  };
  const double waited_ns = on_two_cores(cores, call, answer);
  return {ns_between(begin, end) / double(count), checksum, waited_ns};
}

}  // namespace penstock::bench
