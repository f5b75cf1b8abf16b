// SPDX-License-Identifier: Apache-2.0
// The memory and the shared words of one partition: its ring, the column of envelopes, a cursor for
// each segment, and, where segments are split, a column of fates for each but the last.
//   one mapping:  slots | envelopes | arena | fates and reasons of each segment but the last
// A column has one writer, the runner of its segment; the runners behind read it after that cursor.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <penstock/pipeline/event/envelope.hpp>
#include <penstock/pipeline/event/outcome.hpp>
#include <penstock/pipeline/flow/layout.hpp>
#include <penstock/pipeline/flow/stage.hpp>
#include <penstock/runtime/machine/memory.hpp>
#include <penstock/runtime/ring/event_ring.hpp>

namespace penstock {

/// What a segment that is not the last decided about the event in a slot.
struct FateColumn {
  struct Cell {
    Fate fate = Fate::alive;
    std::uint8_t stage = 0;
  };
  Cell* cells = nullptr;       ///< by slot index
  Outcome* reasons = nullptr;  ///< of dead events; otherwise untouched memory
};

class Partition {
 public:
  /// Reserves, touches nothing. Errors: unavailable.
  static Result<std::unique_ptr<Partition>> create(unsigned number, const Layout& layout);
  Partition(const Partition&) = delete;
  Partition& operator=(const Partition&) = delete;

  [[nodiscard]] unsigned number() const noexcept { return number_; }
  [[nodiscard]] EventRing& ring() noexcept { return *ring_; }
  [[nodiscard]] const EventRing& ring() const noexcept { return *ring_; }
  [[nodiscard]] Envelope& envelope(std::uint32_t slot_index) noexcept {
    return envelopes_[slot_index];
  }
  [[nodiscard]] EventRing::Cursor& cursor(std::size_t segment) noexcept {
    return cursors_[segment];
  }
  [[nodiscard]] FateColumn& column(std::size_t segment) noexcept { return columns_[segment]; }
  /// True if the kernel was asked for huge pages and did not refuse.
  [[nodiscard]] bool huge_pages() const noexcept { return memory_.huge(); }

 private:
  Partition(unsigned number, const Layout& layout, Mapping memory);

  // Fixed after construction.
  unsigned number_;
  Mapping memory_;
  std::unique_ptr<EventRing> ring_;
  Envelope* envelopes_ = nullptr;
  std::unique_ptr<EventRing::Cursor[]> cursors_;
  std::vector<FateColumn> columns_;
};

}  // namespace penstock
