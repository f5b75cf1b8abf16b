// SPDX-License-Identifier: Apache-2.0
#include <penstock/pipeline/flow/partition.hpp>

#include <cstddef>
#include <new>
#include <utility>

namespace penstock {
namespace {

std::uint64_t in_lines(std::uint64_t bytes) noexcept {
  return (bytes + kControlBytes - 1) / kControlBytes * kControlBytes;
}

std::uint64_t cells_bytes(const Layout& layout) noexcept {
  return in_lines(layout.options.ring.slots * sizeof(FateColumn::Cell));
}

std::uint64_t reasons_bytes(const Layout& layout) noexcept {
  return std::uint64_t{layout.options.ring.slots} * sizeof(Outcome);
}

MappingOptions mapping_of(const Layout& layout, const PartitionBytes& bytes) noexcept {
  return {.bytes = bytes.slots + bytes.envelopes + bytes.arena + bytes.columns,
          .huge = layout.options.ring.huge_pages};
}

}  // namespace

PartitionBytes partition_bytes(const Layout& layout) noexcept {
  const RingOptions& ring = layout.options.ring;
  PartitionBytes bytes{
      .slots = std::uint64_t{ring.slots} * sizeof(EventRing::Slot),
      .envelopes = std::uint64_t{ring.slots} * sizeof(Envelope),
      .arena = ring.arena_bytes,
      .columns = (layout.segments.size() - 1) * (cells_bytes(layout) + reasons_bytes(layout))};
  const MappingOptions mapping = mapping_of(layout, bytes);
  bytes.rounding = Mapping::whole_pages(mapping) - mapping.bytes;
  return bytes;
}

Result<std::unique_ptr<Partition>> Partition::create(unsigned number, const Layout& layout) {
  Result<Mapping> memory = Mapping::reserve(mapping_of(layout, partition_bytes(layout)));
  if (!memory) return tl::unexpected(std::move(memory).error());
  return std::unique_ptr<Partition>(new Partition(number, layout, std::move(*memory)));
}

Partition::Partition(unsigned number, const Layout& layout, Mapping memory)
    : number_(number),
      memory_(std::move(memory)),
      cursors_(std::make_unique<EventRing::Cursor[]>(layout.segments.size())),
      columns_(layout.segments.size()) {
  const RingOptions& options = layout.options.ring;
  const PartitionBytes bytes = partition_bytes(layout);
  // Fresh anonymous pages are zero, which is what every type placed in them starts as; constructing
  // them here would touch the pages before their runner does.
  auto* at = reinterpret_cast<char*>(memory_.data());
  auto* const slots = reinterpret_cast<EventRing::Slot*>(at);
  at += bytes.slots;
  envelopes_ = reinterpret_cast<Envelope*>(at);
  at += bytes.envelopes;
  char* const arena = at;
  at += bytes.arena;
  for (std::size_t segment = 0; segment < layout.segments.size(); ++segment) {
    if (layout.segments[segment].last) continue;
    columns_[segment].cells = reinterpret_cast<FateColumn::Cell*>(at);
    at += cells_bytes(layout);
    columns_[segment].reasons = reinterpret_cast<Outcome*>(at);
    at += reasons_bytes(layout);
  }
  ring_ = std::make_unique<EventRing>(EventRing::Memory{.slots = slots,
                                                        .slots_count = options.slots,
                                                        .arena = arena,
                                                        .arena_bytes = options.arena_bytes,
                                                        .reserve_slots = options.reserve_slots});
  for (std::size_t segment = 0; segment < layout.segments.size(); ++segment)
    if (layout.segments[segment].last) ring_->add_gate(cursors_[segment]);
}

}  // namespace penstock
