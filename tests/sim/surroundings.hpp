// SPDX-License-Identifier: Apache-2.0
// What a simulated pipeline has around it: a clock, a sink, rejects, a lender; and every event that
// was offered, so that whoever sees one can compare each of its bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <penstock/pipeline/flow/ports.hpp>
#include <penstock/pipeline/flow/producer.hpp>
#include <penstock/runtime/machine/clock.hpp>

#include "world.hpp"

namespace penstock::test {

/// Moves a little at each look: time passes, deadlines come.
class SimulatedClock final : public Clock {
 public:
  static constexpr std::uint64_t kTickNs = 1'000;

  [[nodiscard]] std::uint64_t now_ns() const noexcept override {
    now_ns_ += kTickNs;
    if (!passed_ && now_ns_ >= deadline_ns_) {
      passed_ = true;
      calls_when_passed_ = *calls_;
    }
    return now_ns_;
  }
  /// Without looking.
  [[nodiscard]] std::uint64_t time_ns() const noexcept { return now_ns_; }
  void advance(std::uint64_t duration_ns) noexcept { now_ns_ += duration_ns; }

  /// Notes how many calls of handlers there had been at the first look past the deadline.
  void watch(std::uint64_t deadline_ns, const std::uint64_t& calls) noexcept {
    deadline_ns_ = deadline_ns;
    calls_ = &calls;
    passed_ = false;
  }
  [[nodiscard]] bool passed() const noexcept { return passed_; }
  [[nodiscard]] std::uint64_t calls_when_passed() const noexcept { return calls_when_passed_; }

 private:
  mutable std::uint64_t now_ns_ = 1'000'000;
  std::uint64_t deadline_ns_ = UINT64_MAX;
  const std::uint64_t* calls_ = nullptr;
  mutable bool passed_ = false;
  mutable std::uint64_t calls_when_passed_ = 0;
};

/// Every event that was offered, and the first thing that was not as it should be.
class Offers {
 public:
  void add(const Offered& offered);
  /// The event that these bytes are, which must be all of its bytes, but for what is cut from one
  /// that is longer than `bytes_max`.
  History::Id look(std::string_view bytes, const char* where, std::size_t bytes_max = SIZE_MAX);
  /// The same where 64 bytes behind are readable: newlines, unless it was lent.
  History::Id look_behind(std::string_view bytes, const char* where);
  void expect(bool holds, const std::string& what) {
    if (!holds && wrong_.empty()) wrong_ = what;
  }
  [[nodiscard]] const std::string& wrong() const { return wrong_; }

 private:
  struct Bytes {
    std::string bytes;
    bool lent;
  };
  const Bytes* find(History::Id id) const;
  std::unordered_map<std::uint64_t, Bytes> bytes_;
  std::string wrong_;
};

class SimulatedSink final : public Sink {
 public:
  struct Sunk {
    std::vector<History::Id> events;
    std::uint64_t seen = 0;
    std::uint64_t fails_at = UINT64_MAX;
  };
  SimulatedSink(Sunk& sunk, Offers& offers) : sunk_(&sunk), offers_(&offers) {}
  [[nodiscard]] std::string_view name() const noexcept override { return "sink"; }
  Status open() override { return {}; }
  Status write(std::span<const std::string_view> events, unsigned partition) override;
  Status close() override { return {}; }

 private:
  Sunk* sunk_;
  Offers* offers_;
};

class SimulatedRejects final : public RejectSink {
 public:
  struct Rejected {
    std::vector<std::pair<History::Id, bool>> events;
    std::uint64_t seen = 0;
    std::uint64_t fails_at = UINT64_MAX;
  };
  SimulatedRejects(Rejected& rejected, Offers& offers, std::size_t bytes_max)
      : rejected_(&rejected), offers_(&offers), bytes_max_(bytes_max) {}
  [[nodiscard]] std::string_view name() const noexcept override { return "rejects"; }
  Status open() override { return {}; }
  Status write(const Reject& reject) override;
  Status close() override { return {}; }

 private:
  Rejected* rejected_;
  Offers* offers_;
  std::size_t bytes_max_;
};

/// What handlers say of an event that they give up.
inline constexpr std::string_view kWhyDead = "as it was told";

/// Memory that is lent, each piece to be given back once.
class CountingLender final : public Lender {
 public:
  void give_back(const char* bytes, std::uint32_t length) noexcept override {
    returned += bytes != nullptr && length != 0;
  }
  std::uint64_t returned = 0;
};

}  // namespace penstock::test
