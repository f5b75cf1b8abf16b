// SPDX-License-Identifier: Apache-2.0
// The structural index of an event as the annex behind its bytes in the arena: where a source
// indexes an event before it is accepted, no thread behind it has to.
// 1. It is written before the stamp and never changed: any runner may read it until the last one
//    has passed the event.
// 2. Whether an event carries one changes no answer, only who does the work.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <penstock/pipeline/decode/decoder.hpp>
#include <penstock/runtime/ring/event_ring.hpp>

namespace penstock {

/// The annex for an index: its entries and the one behind the last. None if that is more than twice
/// as long as the event: to copy it would cost as much as to index again.
inline std::string_view annex_for(DocumentIndex index, std::size_t event_bytes) noexcept {
  const std::size_t bytes = (std::size_t{index.count} + 1) * sizeof(std::uint32_t);
  if (index.count == 0 || bytes > 2 * event_bytes) return {};
  return {reinterpret_cast<const char*>(index.offsets), bytes};
}

/// The index that an event carries; empty if it carries none.
inline DocumentIndex carried_index(const EventRing::Slot& slot) noexcept {
  if (slot.fields.annex_bytes == 0) return {};
  return {reinterpret_cast<const std::uint32_t*>(slot.annex()),
          slot.fields.annex_bytes / static_cast<std::uint32_t>(sizeof(std::uint32_t)) - 1};
}

}  // namespace penstock
