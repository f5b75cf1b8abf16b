// SPDX-License-Identifier: Apache-2.0
// The LMAX Disruptor as a rival: in a process of its own, asked for one sample at a time, so that
// its rounds alternate with the others'. Absent where Java or its jar is. A process that ends, or
// does not answer, is gone: its rows are absent from then on, with the reason.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "../scenario.hpp"

namespace penstock::bench {

/// A running JVM. While it is not asked, its threads are blocked.
class Lmax {
 public:
  struct Work {
    std::string kind;  ///< "pass", "pass_paced", "contend" or "bounce"
    std::size_t slots = 1024;
    std::size_t batch = 1;
  };

  /// Starts it for items of this size and pins its threads, or says why it cannot be.
  static std::variant<std::shared_ptr<Lmax>, Absent> start(const Cores& cores,
                                                           std::size_t item_bytes);
  Lmax(const Lmax&) = delete;
  Lmax& operator=(const Lmax&) = delete;
  ~Lmax();

  Sample run(const Work& work, std::uint64_t count);

 private:
  Lmax() = default;
  bool launch(std::size_t item_bytes);
  /// False if it has ended or does not answer; gone_ then says which.
  bool read_line(std::string& line);
  /// Waits for its end, and says how it came to it.
  std::string reap();
  [[nodiscard]] bool pin(const std::string& thread, unsigned cpu) const;

  int pid_ = -1;
  int requests_ = -1;  ///< its standard input
  int answers_ = -1;   ///< its standard output
  std::string unread_;
  std::string gone_;  ///< why it gives no samples any more
};

/// Adds a row for each of `works` to the case, or says there why not.
struct LmaxRow {
  std::string name;
  Lmax::Work work;
};
void add_lmax(Case& to, const std::variant<std::shared_ptr<Lmax>, Absent>& lmax,
              const std::vector<LmaxRow>& rows);

}  // namespace penstock::bench
