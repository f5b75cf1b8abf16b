// SPDX-License-Identifier: Apache-2.0
// A step: one thing that happens to an event, apart from what must be before and after it. Steps
// come in turns of so many events; only timed() is measured, so that for example claims can be
// counted without the copies that follow. One thread, but for `park_and_wake`.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace penstock::bench {

/// Reading a clock costs about 25 ns: spread over so many events it is 0.1 ns of one.
inline constexpr std::size_t kEventsOfTurn = 256;

class Step {
 public:
  virtual ~Step() = default;
  virtual void before() {}
  virtual void timed() = 0;
  virtual void after() {}
};

struct NamedStep {
  std::string name;
  std::string what;
  std::function<std::unique_ptr<Step>()> make;
  std::size_t events = kEventsOfTurn;  ///< in one timed()
  bool one_thread = true;              ///< else its instructions say nothing
};

void add_ring_steps(std::vector<NamedStep>& to);
void add_typed_ring_steps(std::vector<NamedStep>& to);
void add_wait_steps(std::vector<NamedStep>& to);
void add_event_steps(std::vector<NamedStep>& to);
void add_pipeline_steps(std::vector<NamedStep>& to);

/// Keeps the compiler from leaving out what made `value`.
template <class T>
void keep(const T& value) {
  asm volatile("" : : "r,m"(value) : "memory");
}

}  // namespace penstock::bench
