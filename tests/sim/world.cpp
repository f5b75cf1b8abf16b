// SPDX-License-Identifier: Apache-2.0
#include "world.hpp"

#include <charconv>
#include <chrono>

#include <penstock/pipeline/flow/stage.hpp>

namespace penstock::test {
namespace {

constexpr std::uint32_t kEventBytesMax = 64 * 1024;  // the least that there may be

std::string document(const Offered& offered, std::size_t pad) {
  std::string text = R"({"specversion":"1.0","id":")";
  text += std::to_string(offered.id.producer) + "-" + std::to_string(offered.id.number) + "-";
  for (const Action action : offered.actions) text += static_cast<char>(action);
  text += R"(","source":"/sim","type":"t")";
  if (offered.flaw != Offered::Flaw::no_key)
    text += R"(,"subject":")" + key_text(offered.key) + '"';
  text += R"(,"data":")";
  // No two events carry the same bytes.
  for (std::size_t i = 0; i < pad; ++i)
    text += static_cast<char>('a' + (i * 7 + offered.id.number * 3 + offered.id.producer) % 26);
  text += '"';
  if (offered.flaw != Offered::Flaw::invalid) text += '}';
  return text;
}

}  // namespace

std::string key_text(std::uint32_t key) { return "k" + std::to_string(key); }

World::World(std::uint64_t seed) {
  Dice dice(seed ^ 0x5EED);
  const auto one_of = [&](auto... values) {
    const std::common_type_t<decltype(values)...> all[] = {values...};
    return all[dice.below(sizeof...(values))];
  };
  options.partitions = one_of(1U, 1U, 1U, 2U, 3U);
  options.key = "subject";
  options.on_missing_key = one_of(OnMissingKey::source, OnMissingKey::refuse);
  options.ring.slots = one_of(2U, 4U, 8U, 16U, 32U, 64U);
  options.ring.reserve_slots = dice.percent(50) ? dice.below(options.ring.slots / 2 + 1) : 0;
  // With several partitions producers may put an index behind an event's bytes, of a size that the
  // oracle does not know: then bytes never run out.
  options.ring.arena_bytes =
      options.partitions > 1 ? 256 * 1024 : one_of(1024U, 2048U, 4096U, 16384U);
  options.ring.event_bytes_max = kEventBytesMax;
  options.ring.spill_bytes_max = one_of(0U, 1024U, 4096U, 100'000U);
  options.ring.huge_pages = false;
  options.admission.when_full = one_of(AdmissionPolicy::block, AdmissionPolicy::block,
                                       AdmissionPolicy::reject, AdmissionPolicy::drop_newest);
  options.admission.timeout = std::chrono::microseconds(one_of(0, 200, 100'000));
  options.batch.events = one_of(1U, 2U, 7U, 64U);
  options.batch.bytes = 16 * kEventBytesMax;  // never what ends a batch
  topology = one_of(Topology::fused, Topology::chain, Topology::diamond);
  for (unsigned stage = 0; stage < kStages; ++stage)
    options.stages.push_back({.name = "stage" + std::to_string(stage),
                              .on_error = one_of(OnError::dead, OnError::drop)});
  producers = 1 + dice.below(4);
  steps = 20 + dice.below(100);
  if (dice.percent(10)) sink_fails_at = dice.below(40);
  if (dice.percent(10)) reject_fails_at = dice.below(10);
  ending = one_of(Ending::stopped, Ending::stopped, Ending::stopped, Ending::stopped,
                  Ending::abandoned, Ending::by_a_handler, Ending::while_full, Ending::destroyed);
  ends_in_the_middle = dice.percent(60);
  // From "at once" over "in the midst of a batch" to "once all is drained".
  stop_deadline = std::chrono::microseconds(one_of(0, 20, 100, 500, 100'000, 100'000));
  options.drain_timeout = stop_deadline;
  if (ending == Ending::by_a_handler) stops_at_call = dice.below(60);
}

std::string World::text() const {
  const char* const shapes[] = {"fused", "chain", "diamond"};
  const char* const policies[] = {"block", "reject", "drop_newest"};
  const char* const endings[] = {"stopped", "abandoned", "stopped by a handler",
                                 "stopped while full", "destroyed"};
  return "partitions " + std::to_string(options.partitions) + ", slots " +
         std::to_string(options.ring.slots) + " (reserve " +
         std::to_string(options.ring.reserve_slots) + "), arena " +
         std::to_string(options.ring.arena_bytes) + ", spill " +
         std::to_string(options.ring.spill_bytes_max) + ", batch " +
         std::to_string(options.batch.events) + ", " + shapes[static_cast<int>(topology)] + ", " +
         policies[static_cast<int>(options.admission.when_full)] + ", producers " +
         std::to_string(producers) + ", " + endings[static_cast<int>(ending)] + " within " +
         std::to_string(stop_deadline.count()) + " ns";
}

Offered Offered::draw(Dice& dice, const World& world, History::Id id) {
  Offered offered{.id = id, .key = dice.below(kKeys)};
  constexpr Action kActions[] = {Action::drop, Action::dead, Action::raise, Action::slow,
                                 Action::emit};
  for (Action& action : offered.actions)
    action = dice.percent(20) ? kActions[dice.below(5)] : Action::next;
  const unsigned flaw = dice.below(100);
  if (flaw < 5) offered.flaw = Flaw::invalid;
  if (flaw >= 5 && flaw < 10) offered.flaw = Flaw::no_key;
  if (flaw == 10) offered.flaw = Flaw::too_large;
  std::size_t pad = dice.below(120);
  if (dice.percent(15)) pad = world.options.ring.arena_bytes / 8 + dice.below(600);
  if (offered.flaw == Flaw::too_large) pad = kEventBytesMax;
  offered.bytes = document(offered, pad);
  return offered;
}

Offered Offered::with_bytes(Offered offered) {
  offered.bytes = document(offered, 0);
  return offered;
}

Offered Offered::emitted(History::Id id, std::uint32_t key) {
  Offered offered{.id = id, .key = key, .actions = {Action::next, Action::next, Action::next}};
  offered.bytes = document(offered, id.number % 100);
  return offered;
}

ParsedId ParsedId::from(std::string_view text) {
  ParsedId parsed;
  const char* const end = text.data() + text.size();
  const char* at = std::from_chars(text.data(), end, parsed.id.producer).ptr;
  at = std::from_chars(at + 1, end, parsed.id.number).ptr;
  for (unsigned i = 0; i < kStages; ++i) parsed.actions[i] = static_cast<Action>(at[1 + i]);
  return parsed;
}

}  // namespace penstock::test
