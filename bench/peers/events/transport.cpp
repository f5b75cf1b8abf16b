// SPDX-License-Identifier: Apache-2.0
#include "transport.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <penstock/runtime/machine/memory.hpp>
#include <penstock/runtime/ring/event_ring.hpp>
#include <penstock/runtime/wait/pace.hpp>

#include "../machine/start_line.hpp"
#include "../queues/item.hpp"
#include "byte_ring.hpp"
#include "end_to_end.hpp"

namespace penstock::bench {
namespace {

constexpr std::uint64_t kArenaBytes = 4 << 20;
constexpr std::uint32_t kSlots = kArenaBytes / 512;  ///< so that the arena is what bounds it
constexpr std::size_t kDistinct = 256;  ///< events that are sent again and again: 128 KiB, cached
constexpr std::uint32_t kReadMax = 64;  ///< a runner releases space once in so many events
constexpr std::uint64_t kWarmUp = 2 * kSlots;  ///< two laps of every way

/// The sum of all words; what is left of the last one counts as well.
std::uint64_t sum_of(std::string_view event) noexcept {
  std::uint64_t sum = event.size();
  std::size_t at = 0;
  for (; at + 8 <= event.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, event.data() + at, 8);
    sum += word;
  }
  std::uint64_t last = 0;
  std::memcpy(&last, event.data() + at, event.size() - at);
  return sum + last;
}

Mapping reserve_or_give_up(std::size_t bytes) {
  Result<Mapping> memory = Mapping::reserve({.bytes = bytes});
  if (!memory) give_up(memory.error().message);
  return std::move(*memory);
}

/// The product's ring: one claim an event, or one for a batch.
template <std::size_t batch>
class EventRingTransport {
 public:
  EventRingTransport() : slots_(std::make_unique<EventRing::Slot[]>(kSlots)) {
    ring_ = std::make_unique<EventRing>(
        EventRing::Memory{.slots = slots_.get(),
                          .slots_count = kSlots,
                          .arena = reinterpret_cast<char*>(arena_.data()),
                          .arena_bytes = kArenaBytes});
    cursor_.reset({});
    ring_->add_gate(cursor_);
    ring_->prepare();
    reader_ = std::make_unique<EventRing::Reader>(*ring_, cursor_);
  }

  void push(const Events& events, std::uint64_t count) {
    if constexpr (batch == 1) {
      for (std::uint64_t i = 0; i < count; ++i) {
        const std::string_view event = events.lines()[i % kDistinct];
        EventRing::Claim claim;
        while (ring_->try_claim(event.size(), false, claim) != ClaimResult::claimed)
          StdAtomics::pause();
        claim.publish_copy(event, {.line = i});
      }
    } else {
      for (std::uint64_t i = 0; i < count; i += batch)
        push_batch(events, i, static_cast<std::size_t>(std::min<std::uint64_t>(batch, count - i)));
    }
  }

  template <class Handle>
  std::size_t poll(Handle&& handle) {
    std::uint32_t count = 0;
    for (; count < kReadMax && reader_->is_there(count); ++count) {
      const EventRing::Slot& slot = reader_->slot_at(count);
      handle(std::string_view(slot.bytes, slot.length));
    }
    if (count != 0) reader_->advance(count);
    return count;
  }

 private:
  void push_batch(const Events& events, std::uint64_t first, std::size_t count) {
    std::array<EventRing::Claim, batch> claims;
    std::array<std::uint32_t, batch> lengths{};
    for (std::size_t i = 0; i < count; ++i)
      lengths[i] = static_cast<std::uint32_t>(events.lines()[(first + i) % kDistinct].size());
    while (ring_->try_claim_batch(std::span(lengths.data(), count), false,
                                  std::span(claims.data(), count)) != ClaimResult::claimed)
      StdAtomics::pause();
    for (std::size_t i = 0; i < count; ++i)
      claims[i].publish_copy(events.lines()[(first + i) % kDistinct], {.line = first + i});
  }

  std::unique_ptr<EventRing::Slot[]> slots_;
  Mapping arena_ = reserve_or_give_up(kArenaBytes);
  EventRing::Cursor cursor_;
  std::unique_ptr<EventRing> ring_;
  std::unique_ptr<EventRing::Reader> reader_;
};

template <std::size_t batch>
class ByteRingTransport {
 public:
  void push(const Events& events, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      while (!ring_.try_write(events.lines()[i % kDistinct])) {
        ring_.publish();
        StdAtomics::pause();
      }
      if (i % batch == batch - 1) ring_.publish();
    }
    ring_.publish();
  }
  template <class Handle>
  std::size_t poll(Handle&& handle) {
    return ring_.poll(handle, kReadMax);
  }

 private:
  ByteRing ring_{kArenaBytes};
};

/// The events' lines through a window, handed over in eighths by a flag each: the limit. What a
/// copy costs is in it, what a length or a ring costs is not: an event stands at a place that both
/// sides know.
class LinesTransport {
 public:
  static constexpr std::size_t kPlaceBytes = 512;  ///< of an event

  void push(const Events& events, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i, ++pushed_) {
      Part& part = parts_[pushed_ / kPartEvents % kParts];
      if (pushed_ % kPartEvents == 0) {
        // acquire: pairs with the release in poll(): the part is read.
        while (part.full.load(std::memory_order_acquire) != 0) StdAtomics::pause();
        part_count_ = 0;
      }
      const std::string_view event = events.lines()[i % kDistinct];
      std::memcpy(place(pushed_), event.data(), event.size());
      part.lengths[part_count_++] = static_cast<std::uint32_t>(event.size());
      // release: the lines of the part. One that is not whole is handed over as the last.
      if (part_count_ == kPartEvents || i + 1 == count)
        part.full.store(part_count_, std::memory_order_release);
    }
    pushed_ = (pushed_ + kPartEvents - 1) / kPartEvents * kPartEvents;
  }

  template <class Handle>
  std::size_t poll(Handle&& handle) {
    Part& part = parts_[polled_ / kPartEvents % kParts];
    // acquire: pairs with the release in push(): the lines of the part.
    const std::uint32_t count = part.full.load(std::memory_order_acquire);
    for (std::uint32_t i = 0; i < count; ++i)
      handle(std::string_view(place(polled_ + i), part.lengths[i]));
    if (count == 0) return 0;
    // release: the part may be written again.
    part.full.store(0, std::memory_order_release);
    polled_ += kPartEvents;
    return count;
  }

 private:
  static constexpr std::size_t kParts = 8;
  static constexpr std::size_t kPartEvents = kArenaBytes / kPlaceBytes / kParts;

  struct Part {
    alignas(128) std::atomic<std::uint32_t> full{0};
    alignas(128) std::array<std::uint32_t, kPartEvents> lengths{};
  };

  char* place(std::uint64_t sequence) noexcept {
    return reinterpret_cast<char*>(window_.data()) +
           sequence % (kParts * kPartEvents) * kPlaceBytes;
  }

  Mapping window_ = reserve_or_give_up(kArenaBytes);
  std::array<Part, kParts> parts_;
  // Producer thread only.
  alignas(128) std::uint64_t pushed_ = 0;
  std::uint32_t part_count_ = 0;
  // Consumer thread only.
  alignas(128) std::uint64_t polled_ = 0;
};

/// `paced`: the reader has a Pace between its polls.
template <class Transport, bool paced>
Sample transport(const Cores& cores, const Events& events, std::uint64_t count) {
  Transport through;
  StartLine line;
  SteadyTime::time_point begin;
  SteadyTime::time_point end;
  std::uint64_t checksum = 0;
  const auto consume = [&] {
    Checksum sum;
    Pace pace(kReadMax);  // a poll that found fewer has come to the end
    const auto take_until = [&](std::uint64_t wanted) {
      sum = {};
      Patience patience("transport");
      while (sum.count() < wanted) {
        const std::size_t polled =
            through.poll([&](std::string_view event) { sum.add(sum_of(event)); });
        if constexpr (paced) {
          pace.polled(polled);
        } else if (polled == 0) {
          StdAtomics::pause();
        }
        if (polled == 0) patience.found_nothing(sum.count());
      }
    };
    take_until(kWarmUp);
    line.meet();
    take_until(count);
    end = SteadyTime::now();
    checksum = sum.sum();
  };
  const auto produce = [&] {
    through.push(events, kWarmUp);
    line.meet();
    begin = SteadyTime::now();
    through.push(events, count);
  };
  const double waited_ns = on_two_cores(cores, consume, produce);
  return {ns_between(begin, end) / double(count), checksum, waited_ns};
}

}  // namespace

std::vector<Case> transport_cases(const Cores& cores) {
  const auto events = std::make_shared<const Events>(kDistinct);
  for (const std::string_view event : events->lines())
    if (event.size() > LinesTransport::kPlaceBytes) give_up("transport: an event is too long");
  Case made;
  made.name = "transport";
  made.title = "events of " + std::to_string(events->bytes_per_event()) +
               " bytes copied in, all bytes read, nothing decoded; rings of 4 MiB";
  made.item = "event";
  made.expected = [events](std::uint64_t count) {
    Checksum sum;
    for (std::uint64_t i = 0; i < count; ++i) sum.add(sum_of(events->lines()[i % kDistinct]));
    return sum.sum();
  };
  const auto add = [&]<class Transport>(const std::string& name, bool is_ours) {
    made.implementations.push_back(
        {.name = name, .ours = is_ours, .run = [cores, events](std::uint64_t count) {
           return transport<Transport, false>(cores, *events, count);
         }});
    made.implementations.push_back(
        {.name = name + " + Pace", .ours = is_ours, .run = [cores, events](std::uint64_t count) {
           return transport<Transport, true>(cores, *events, count);
         }});
  };
  add.operator()<EventRingTransport<1>>("penstock, single", true);
  add.operator()<EventRingTransport<16>>("penstock, batch 16", true);
  add.operator()<ByteRingTransport<1>>("byte ring, each published", false);
  add.operator()<ByteRingTransport<16>>("byte ring, every 16 published", false);
  add.operator()<LinesTransport>("lines alone, no queue", false);
  return {std::move(made)};
}

}  // namespace penstock::bench
