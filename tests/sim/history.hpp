// SPDX-License-Identifier: Apache-2.0
// What happened to events, and whether it could have happened in a pipeline that keeps its
// promises (G4, G5, G8): for tests of any kind that note what they see.
// One thread notes; check() takes time linear in what was noted.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace penstock::test {

class History {
 public:
  /// An event by who offered it and its number there, from 0.
  struct Id {
    std::uint32_t producer = 0;
    std::uint32_t number = 0;
    bool operator==(const Id&) const = default;
  };
  enum class End : std::uint8_t { completed, dropped, dead, refused };

  /// The pipeline took the event: `order` grows with every acceptance of the same key.
  void accepted(Id id, std::uint32_t key, std::uint64_t order);
  /// It was refused at the door.
  void refused(Id id);
  /// A stage (or sink) saw it.
  void handled(Id id, std::uint32_t stage);
  /// It came to its end; refused: a runner found it invalid.
  void ended(Id id, End end);

  /// What the pipeline itself says when all is over.
  struct Told {
    std::uint64_t accepted = 0;  ///< without what runners refused
    std::uint64_t ended = 0;     ///< completed, dropped and dead
    std::uint64_t in_flight = 0;
    bool idle = true;  ///< it had nothing left to do and nobody held a claim
  };
  enum class Anomaly : std::uint8_t {
    lost,         ///< accepted, not ended, and not in flight either
    stuck,        ///< accepted and not ended, although the pipeline is idle
    duplicated,   ///< ended twice, or handled twice by one stage
    inverted,     ///< handled before an earlier event of its key
    resurrected,  ///< handled or ended although refused, ended before, or never offered
    unbalanced,   ///< the pipeline's counts are not those of the history
  };
  static constexpr unsigned kAnomalies = 6;
  struct Finding {
    Anomaly anomaly;
    Id id;
    std::size_t at;  ///< which note; the number of notes for what is found at the end
    [[nodiscard]] std::string text() const;
  };
  /// Every anomaly, in the order of the notes.
  [[nodiscard]] std::vector<Finding> check(const Told& told) const;

 private:
  enum class Kind : std::uint8_t { accepted, refused, handled, ended };
  struct Note {
    Kind kind;
    Id id;
    std::uint32_t key_or_stage = 0;
    std::uint64_t order = 0;
    End end = End::completed;
  };
  class Checker;

  std::vector<Note> notes_;
};

}  // namespace penstock::test
