// SPDX-License-Identifier: Apache-2.0
// The run's producers and handlers: publishes, claims, what handlers do with events.
#include <algorithm>
#include <stdexcept>

#include "run.hpp"

namespace penstock::test {
namespace {

using boost::context::fiber;
using boost::context::stack_context;

/// Looks at the clock between a publish's begin and its wait, and behind it.
constexpr std::uint64_t kTicksOfOnePublish = 8;

struct StackOf {
  Actor* actor;
  [[nodiscard]] stack_context allocate() const {
    stack_context context;
    context.size = Actor::kStackBytes;
    context.sp = actor->stack.get() + Actor::kStackBytes;
    return context;
  }
  void deallocate(stack_context&) const noexcept {}
};

}  // namespace

void Run::act(Actor& actor) {
  if (actor.runs) return;  // this is its own turn
  if (actor.publishing) return resume(actor);
  if (actor.claim) {
    if (dice_.percent(40)) end_claim(actor);
    return;
  }
  dice_.percent(20) ? begin_claim(actor) : begin_publish(actor);
}

PublishResult Run::call_publish(Actor& actor) {
  const std::string& bytes = actor.offered.bytes;
  if (actor.way == Way::lent) return actor.producer.publish_lent(bytes, lender_);
  if (actor.own_limit) return actor.producer.publish(bytes, *actor.own_limit);
  return actor.tries ? actor.producer.try_publish(bytes) : actor.producer.publish(bytes);
}

void Run::begin_publish(Actor& actor) {
  const AdmissionOptions& admission = world_.options.admission;
  actor.offered =
      Offered::draw(dice_, world_, {.producer = actor.index, .number = actor.next_number++});
  actor.way = dice_.percent(15) ? Way::lent : Way::copied;
  // Behind a lent event stand 64 readable bytes.
  if (actor.way == Way::lent) actor.offered.bytes.reserve(actor.offered.bytes.size() + 64);
  actor.offered.lent = actor.way == Way::lent;
  offers_.add(actor.offered);
  actor.tries = actor.way == Way::copied && dice_.percent(30);
  actor.own_limit.reset();
  if (actor.way == Way::copied && !actor.tries && dice_.percent(20)) {
    actor.own_limit = std::chrono::microseconds(dice_.below(300));
    ++coverage()[Coverage::publishes_with_a_limit_of_their_own];
  }
  actor.blocks = actor.own_limit || (!actor.tries && admission.when_full == AdmissionPolicy::block);
  actor.timeout_ns =
      static_cast<std::uint64_t>(actor.own_limit.value_or(admission.timeout).count());
  actor.answer.reset();
  actor.began_ns = clock_.now_ns();
  note("offers", actor.index, actor.offered.id.number);
  actor.publishing.emplace(std::allocator_arg, StackOf{&actor}, [this, &actor](fiber&& back) {
    actor.back = std::move(back);
    actor.answer = call_publish(actor);
    return std::move(actor.back);
  });
  resume(actor);
}

void Run::resume(Actor& actor) {
  const std::uint64_t resumed_ns = clock_.time_ns();
  Actor* const before = std::exchange(running_, &actor);
  actor.runs = true;
  *actor.publishing = std::move(*actor.publishing).resume();
  actor.runs = false;
  running_ = before;
  if (actor.answer) return end_publish(actor);
  ++coverage()[Coverage::publishes_that_waited];
  expect(actor.blocks, "a publish waits that never may");
  expect(
      resumed_ns < actor.began_ns + actor.timeout_ns + kTicksOfOnePublish * SimulatedClock::kTickNs,
      "a publish waits behind its time-out");
  expect(oracle_.would(actor.offered, actor.way, false) == PublishResult::full,
         "a publish waits although there is room");
}

void Run::end_publish(Actor& actor) {
  actor.publishing.reset();
  const PublishResult answer = *actor.answer;
  PublishResult expected = oracle_.would(actor.offered, actor.way, false);
  if (expected == PublishResult::full && actor.blocks) {
    ++coverage()[Coverage::publishes_that_timed_out];
    expect(clock_.now_ns() - actor.began_ns >= actor.timeout_ns,
           "a publish gave up before its time");
  } else if (expected == PublishResult::full && !actor.tries &&
             world_.options.admission.when_full == AdmissionPolicy::drop_newest) {
    expected = PublishResult::dropped;
  }
  note("answered", static_cast<std::uint64_t>(answer), actor.offered.id.number);
  expect(answer == expected, "a publish was answered " + std::string(to_string(answer)) +
                                 ", expected " + std::string(to_string(expected)));
  oracle_.publish(actor.offered, actor.way, answer);
  note_answer(actor.offered, answer, order_++);
  if (actor.way == Way::lent && answer == PublishResult::accepted) {
    ++coverage()[Coverage::lent];
    lent_memory_.push_back(std::move(actor.offered.bytes));
  }
}

void Run::note_answer(const Offered& offered, PublishResult answer, std::uint64_t order) {
  constexpr unsigned kByAnswer[] = {Coverage::accepted,           Coverage::refused_full,
                                    Coverage::refused_dropped,    Coverage::refused_closed,
                                    Coverage::refused_too_large,  Coverage::refused_invalid,
                                    Coverage::refused_missing_key};
  ++coverage().count[kByAnswer[static_cast<unsigned>(answer)]];
  const bool no_key = offered.flaw == Offered::Flaw::no_key;
  if (answer == PublishResult::accepted) {
    history_.accepted(offered.id, no_key ? kKeys + 1 : offered.key, order);
  } else {
    history_.refused(offered.id);
  }
}

void Run::begin_claim(Actor& actor) {
  const std::uint64_t bytes = 100 + dice_.below(300);
  actor.claim_key = dice_.below(kKeys);
  actor.claim.emplace(actor.producer.try_claim(bytes, key_text(actor.claim_key)));
  actor.expected_claim = oracle_.claim(bytes, actor.claim_key);
  note("claims", bytes, static_cast<std::uint64_t>(actor.claim->result()));
  expect(actor.claim->result() == actor.expected_claim.result,
         "a claim was answered " + std::string(to_string(actor.claim->result())) + ", expected " +
             std::string(to_string(actor.expected_claim.result)));
  actor.claim_order = order_++;
  if (!*actor.claim) actor.claim.reset();
}

void Run::end_claim(Actor& actor) {
  Offered offered =
      Offered::draw(dice_, world_, {.producer = actor.index, .number = actor.next_number++});
  offered.key = actor.claim_key;
  offered.flaw = dice_.percent(10) ? Offered::Flaw::invalid : Offered::Flaw::none;
  offered = Offered::with_bytes(offered);
  coverage()[Coverage::claims_ended_in_drains] += drains_;
  if (dice_.percent(30) || offered.bytes.size() > actor.claim->data().size()) {
    note("gives up", actor.index);
    // Half-filled, of which nobody may ever see anything.
    std::copy_n(offered.bytes.begin(), 50, actor.claim->data().begin());
    actor.claim.reset();
    oracle_.abandon(actor.expected_claim);
    ++coverage()[Coverage::claims_given_up];
    return;
  }
  offers_.add(offered);
  std::copy(offered.bytes.begin(), offered.bytes.end(), actor.claim->data().begin());
  const PublishResult answer = actor.claim->commit(offered.bytes.size());
  const PublishResult expected = oracle_.commit(actor.expected_claim, offered);
  note("commits", actor.index, static_cast<std::uint64_t>(answer));
  actor.claim.reset();
  ++coverage()[Coverage::claims_committed];
  expect(answer == expected, "a commit was answered " + std::string(to_string(answer)) +
                                 ", expected " + std::string(to_string(expected)));
  note_answer(offered, answer, actor.claim_order);
}

Outcome Run::handle(unsigned stage, const Event& event, Context& context) {
  const ParsedId parsed = ParsedId::from(event.id());
  note("handled", parsed.id.producer, parsed.id.number);
  expect(offers_.look_behind(event.bytes(), "handler") == parsed.id,
         "an event's id is the one in its bytes");
  history_.handled(parsed.id, stage);
  if (handler_calls_++ == world_.stops_at_call && !inner_report_) {
    note_ending();
    ++coverage()[Coverage::stops_by_handlers];
    inner_report_ = pipeline_->stop(world_.stop_deadline);
  }
  switch (parsed.actions[stage]) {
    case Action::next: break;
    case Action::drop: return Outcome::drop();
    case Action::dead: return Outcome::dead(kWhyDead);
    case Action::raise:
      ++coverage()[Coverage::handlers_threw];
      throw std::runtime_error(std::string(kWhyDead));
    case Action::slow: clock_.advance(50'000); break;
    case Action::emit: emit(event, context);
  }
  return Outcome::next();
}

void Run::emit(const Event& event, Context& context) {
  const History::Id id{.producer = kInnerProducer + context.partition(),
                       .number = next_emitted_[context.partition()]++};
  std::uint32_t key = 0;
  while (key < kKeys && event.subject() != key_text(key)) ++key;
  const Offered offered = Offered::emitted(id, key);
  offers_.add(offered);
  const PublishResult answer = context.emit(offered.bytes);
  note("emitted", id.number, static_cast<std::uint64_t>(answer));
  note_answer(offered, answer, order_++);
  emitted_.push_back({id, key, answer});
  ++coverage()[answer == PublishResult::accepted ? Coverage::emitted
                                                 : Coverage::emitted_into_full_rings];
}

}  // namespace penstock::test
