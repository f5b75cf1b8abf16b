// SPDX-License-Identifier: Apache-2.0
// One named step, and the batch of events that it is given.
// A runner calls Stage::run once a batch: one indirect call for up to BatchOptions::events events.
// Each partition has its own Stage object, used by one thread at a time.
// 1. What a handler throws is caught at the batch edge and becomes the failure of that one event.
// 2. A stage sees only events that the stages before it let through.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <string_view>
#include <utility>

#include <cxxabi.h>

#include <penstock/pipeline/event/event.hpp>
#include <penstock/pipeline/event/outcome.hpp>
#include <penstock/pipeline/flow/options.hpp>
#include <penstock/pipeline/flow/producer.hpp>

namespace penstock {

/// How a batch entry stands: alive, or ended and by what.
enum class Fate : std::uint8_t { alive, dropped, dead, invalid, missing_key, tombstone };

/// What a handler can reach beside its event. Belongs to one runner.
class Context {
 public:
  Context(unsigned partition, Producer& inner) noexcept : inner_(&inner), partition_(partition) {}

  [[nodiscard]] unsigned partition() const noexcept { return partition_; }

  /// Publishes an event born here into this pipeline. Never waits; draws on the rings' reserve.
  PublishResult emit(std::string_view event) noexcept { return inner_->try_publish(event); }

 private:
  Producer* inner_;
  unsigned partition_;
};

/// The events that a stage works on, with what becomes of each.
class Batch {
 public:
  struct Entry {
    Event event;
    Fate fate = Fate::alive;
    std::uint8_t stage = 0;  ///< that decided the fate: its number in the plan
  };

  Batch(Entry* entries, Outcome* reasons, Context& context) noexcept
      : entries_(entries), reasons_(reasons), context_(&context) {}

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool alive(std::size_t index) const noexcept {
    return entries_[index].fate == Fate::alive;
  }
  [[nodiscard]] Event& event(std::size_t index) noexcept { return entries_[index].event; }
  [[nodiscard]] Context& context() noexcept { return *context_; }

  /// Says what becomes of an event.
  void set(std::size_t index, const Outcome& outcome) noexcept {
    if (outcome.kind() == Outcome::Kind::next) [[likely]]
      return;
    end(index, outcome);
  }
  /// The handler threw: the stage's on_error decides.
  void thrown(std::size_t index, const char* what) noexcept;

 private:
  friend class SegmentRunner;
  void end(std::size_t index, const Outcome& outcome) noexcept;

  Entry* entries_;
  Outcome* reasons_;  ///< of dead events, by index
  Context* context_;
  std::size_t size_ = 0;
  std::uint8_t stage_ = 0;
  OnError on_error_ = OnError::dead;
  std::uint64_t thrown_ = 0;  ///< in the running stage
};

class Stage {
 public:
  virtual ~Stage() = default;
  /// Handles every alive event of the batch, in order.
  virtual void run(Batch& batch) = 0;
};

/// A stage made of one callable: Outcome(Event&, Context&).
template <class Handler>
class HandlerStage final : public Stage {
 public:
  explicit HandlerStage(Handler handler) : handler_(std::move(handler)) {}

  void run(Batch& batch) override {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      try {
        for (; i < batch.size(); ++i)
          if (batch.alive(i)) [[likely]]
            batch.set(i, handler_(batch.event(i), batch.context()));
      } catch (const abi::__forced_unwind&) {
        throw;  // The thread is being cancelled or left by pthread_exit: it may not be stopped.
      } catch (const std::exception& failure) {
        batch.thrown(i, failure.what());
      } catch (...) {
        batch.thrown(i, "an exception that is no std::exception");
      }
    }
  }

 private:
  Handler handler_;
};

}  // namespace penstock
