// SPDX-License-Identifier: Apache-2.0
// Any queue whose reader takes many items at a time, with Penstock's Pace between its polls: so a
// reader of the tables sees what the queue does, and what keeping off the producer's heels does.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include <penstock/runtime/wait/pace.hpp>

#include "families.hpp"

namespace penstock::bench {

template <class Queue>
class Paced {
 public:
  explicit Paced(std::size_t slots) : queue_(slots) {}

  class Consumer {
   public:
    explicit Consumer(Queue& queue) : consumer_(queue.consumer()) {}
    template <class Handle>
    std::size_t poll(Handle&& handle, std::size_t limit) {
      return consumer_.poll(handle, limit);
    }
    void polled(std::size_t count) noexcept { pace_.polled(count); }

   private:
    using Inner = decltype(std::declval<Queue&>().consumer());

    /// One that takes all that it may at a time has found enough.
    static constexpr std::size_t few() noexcept {
      if constexpr (requires { Inner::kPollMax; })
        return std::min(Pace::kFew, Inner::kPollMax);
      else
        return Pace::kFew;
    }

    Inner consumer_;
    Pace pace_{few()};
  };

  auto source() { return queue_.source(); }
  Consumer consumer() { return Consumer(queue_); }

 private:
  Queue queue_;
};

/// Two rows of pass_items(): "name" and "name + Pace".
template <class Queue, std::size_t batch>
void add_passing(Implementations& to, const std::string& name, const Cores& cores,
                 std::size_t slots) {
  to.push_back(passing<Queue, batch>(name, cores, slots));
  to.push_back(passing<Paced<Queue>, batch>(name + " + Pace", cores, slots));
}

}  // namespace penstock::bench
