// SPDX-License-Identifier: Apache-2.0
// What the Atomics policy, Position and Claim cost: the ring of events as the product has it
// beside the same algorithm written out by hand over std::atomic, without a template or a class.
//   penstock_ring_cost product|by_hand EVENTS     one thread claims, fills, publishes, reads
// Counted, not timed: see perf/ring_cost.sh. Both print the same checksum.
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

#include <penstock/runtime/ring/event_ring.hpp>

namespace {

constexpr std::uint32_t kSlots = 64;
constexpr std::uint64_t kArenaBytes = 64 * 1024;
constexpr std::uint32_t kBatch = 16;
constexpr std::uint32_t kEventBytes = 200;

struct Free {
  void operator()(char* memory) const { std::free(memory); }
};
using Arena = std::unique_ptr<char, Free>;

Arena make_arena() { return Arena(static_cast<char*>(std::aligned_alloc(64, kArenaBytes))); }

// ---- the product's

__attribute__((noipa)) bool product_publish(penstock::EventRing& ring, std::string_view event,
                                            std::uint64_t line) {
  penstock::EventRing::Claim claim;
  if (ring.try_claim(event.size(), false, claim) != penstock::ClaimResult::claimed) return false;
  claim.publish_copy(event, {.line = line});
  return true;
}

__attribute__((noipa)) std::uint64_t product_read(penstock::EventRing::Reader& reader) {
  std::uint64_t sum = 0;
  std::uint32_t count = 0;
  for (; count < kBatch && reader.is_there(count); ++count)
    sum += reader.slot_at(count).fields.line + reader.slot_at(count).length;
  if (count != 0) reader.advance(count);
  return sum;
}

std::uint64_t run_product(std::uint64_t events, std::string_view event) {
  const auto slots = std::make_unique<penstock::EventRing::Slot[]>(kSlots);
  const Arena arena = make_arena();
  penstock::EventRing ring({.slots = slots.get(),
                            .slots_count = kSlots,
                            .arena = arena.get(),
                            .arena_bytes = kArenaBytes});
  penstock::EventRing::Cursor cursor;
  cursor.reset({});
  ring.add_gate(cursor);
  ring.prepare();
  penstock::EventRing::Reader reader(ring, cursor);
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < events; i += kBatch) {
    for (std::uint32_t j = 0; j < kBatch; ++j)
      if (!product_publish(ring, event, i + j)) std::abort();
    sum += product_read(reader);
  }
  return sum;
}

// ---- by hand: | units 30 | parked | closed | sequence 32 |

constexpr std::uint64_t kClosed = 1ULL << 32;
constexpr std::uint64_t kParked = 2ULL << 32;
constexpr std::uint64_t kFlags = kClosed | kParked;
constexpr std::uint64_t kUnits = kArenaBytes / 64;
constexpr std::uint64_t kUnitMask = (1ULL << 30) - 1;

struct alignas(64) HandSlot {
  std::atomic<std::uint32_t> stamp;
  std::uint32_t length;
  const char* bytes;
  std::uint64_t key_hash, accepted_ns, line;
  std::uint16_t source;
  bool decoded;
  std::uint32_t annex_bytes;
  std::uint32_t end_units;
  std::uint8_t kind;
  void* lender;
};

struct HandRing {
  HandSlot* slots;
  char* arena;
  std::uint32_t slots_count;
  std::uint32_t reserve_slots;
  std::uint64_t units_count;
  std::uint64_t reserve_units;
  std::array<std::atomic<std::uint64_t>*, 8> gates;
  std::uint32_t gates_count;
  alignas(128) std::atomic<std::uint64_t> claim;
  alignas(128) std::atomic<std::uint64_t> gate;
  alignas(128) std::atomic<std::uint64_t> cursor;
};

/// The slowest cursor, if that is further than the gate.
__attribute__((noipa)) bool hand_refresh(HandRing& ring, std::uint64_t gate) {
  std::uint64_t least = ring.gates[0]->load(std::memory_order_acquire);
  for (std::uint32_t i = 1; i < ring.gates_count; ++i) {
    const std::uint64_t other = ring.gates[i]->load(std::memory_order_acquire);
    if (static_cast<std::uint32_t>(other - gate) < static_cast<std::uint32_t>(least - gate))
      least = other;
  }
  least &= ~kFlags;
  if (least == gate) return false;
  ring.gate.compare_exchange_strong(gate, least, std::memory_order_release,
                                    std::memory_order_relaxed);
  return true;
}

__attribute__((noipa)) bool hand_publish(HandRing& ring, std::string_view event,
                                         std::uint64_t line) {
  const std::uint64_t units = (event.size() + 64 + 63) / 64;
  std::uint64_t at = ring.claim.load(std::memory_order_acquire);
  std::uint64_t extent = 0;
  for (;;) {
    if ((at & kClosed) != 0) return false;
    const std::uint64_t gate = ring.gate.load(std::memory_order_acquire);
    const auto used = static_cast<std::uint32_t>(at - gate);
    if (used > ring.slots_count) {
      at = ring.claim.load(std::memory_order_acquire);
      continue;
    }
    const std::uint64_t at_units = at >> 34;
    const std::uint64_t rest = ring.units_count - (at_units & (ring.units_count - 1));
    extent = units <= rest ? units : rest + units;
    const std::uint64_t units_used = (at_units - (gate >> 34)) & kUnitMask;
    if (used + 1ULL > ring.slots_count - ring.reserve_slots ||
        units_used + extent > ring.units_count - ring.reserve_units) {
      if (!hand_refresh(ring, gate)) return false;
      continue;
    }
    const std::uint64_t to = ((at_units + extent) & kUnitMask) << 34 |
                             ((static_cast<std::uint32_t>(at) + 1ULL) & 0xFFFFFFFF);
    if (ring.claim.compare_exchange_weak(at, to, std::memory_order_release,
                                         std::memory_order_acquire))
      break;
  }
  const std::uint64_t end = (at >> 34) + extent;
  char* const data = ring.arena + ((end - units) & (ring.units_count - 1)) * 64;
  if (!event.empty()) std::memcpy(data, event.data(), event.size());
  std::memset(data + event.size(), '\n', 64);
  std::memset(data + (units - 1) * 64, '\n', 64);
  const auto sequence = static_cast<std::uint32_t>(at);
  HandSlot& slot = ring.slots[sequence & (ring.slots_count - 1)];
  slot.length = static_cast<std::uint32_t>(event.size());
  slot.bytes = data;
  slot.key_hash = slot.accepted_ns = 0;
  slot.line = line;
  slot.source = 0;
  slot.decoded = false;
  slot.annex_bytes = 0;
  slot.end_units = static_cast<std::uint32_t>(end & kUnitMask);
  slot.kind = 0;
  slot.lender = nullptr;
  slot.stamp.store(sequence + 1, std::memory_order_release);
  if ((at & kParked) != 0) std::abort();  // nobody parks here: what would wake stands elsewhere
  return true;
}

__attribute__((noipa)) std::uint64_t hand_read(HandRing& ring, std::uint32_t& position) {
  std::uint64_t sum = 0;
  std::uint32_t count = 0;
  for (; count < kBatch; ++count) {
    const HandSlot& slot = ring.slots[(position + count) & (ring.slots_count - 1)];
    if (slot.stamp.load(std::memory_order_acquire) != position + count + 1) break;
    sum += slot.line + slot.length;
  }
  if (count == 0) return sum;
  const HandSlot& last = ring.slots[(position + count - 1) & (ring.slots_count - 1)];
  position += count;
  const std::uint64_t to = std::uint64_t{last.end_units} << 34 | position;
  std::uint64_t old = ring.cursor.load(std::memory_order_relaxed);
  while (!ring.cursor.compare_exchange_weak(old, to, std::memory_order_release,
                                            std::memory_order_relaxed)) {
  }
  if ((old & kFlags) != 0) std::abort();  // likewise
  return sum;
}

std::uint64_t run_by_hand(std::uint64_t events, std::string_view event) {
  const auto slots = std::make_unique<HandSlot[]>(kSlots);
  const Arena arena = make_arena();
  const auto ring = std::make_unique<HandRing>();
  ring->slots = slots.get();
  ring->arena = arena.get();
  ring->slots_count = kSlots;
  ring->units_count = kUnits;
  ring->gates[0] = &ring->cursor;
  ring->gates_count = 1;
  for (std::uint32_t i = 0; i < kSlots; ++i)
    slots[i].stamp.store(i + 1 - kSlots, std::memory_order_relaxed);
  for (std::uint64_t unit = 0; unit < kUnits; ++unit) arena.get()[unit * 64] = '\n';
  std::uint32_t position = 0;
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < events; i += kBatch) {
    for (std::uint32_t j = 0; j < kBatch; ++j)
      if (!hand_publish(*ring, event, i + j)) std::abort();
    sum += hand_read(*ring, position);
  }
  return sum;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) {
    std::fprintf(stderr, "usage: penstock_ring_cost product|by_hand EVENTS\n");
    return 2;
  }
  const std::string_view which = arguments[1];
  const std::uint64_t events = std::strtoull(arguments[2], nullptr, 10) / kBatch * kBatch;
  std::array<char, kEventBytes> event;
  event.fill('x');
  const std::string_view text(event.data(), event.size());
  const std::uint64_t sum =
      which == "product" ? run_product(events, text) : run_by_hand(events, text);
  std::printf("%llu events, checksum %llu\n", static_cast<unsigned long long>(events),
              static_cast<unsigned long long>(sum));
  return 0;
}
