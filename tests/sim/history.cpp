// SPDX-License-Identifier: Apache-2.0
#include "history.hpp"

#include <unordered_map>

namespace penstock::test {
namespace {

constexpr std::uint64_t pack(std::uint32_t high, std::uint32_t low) noexcept {
  return std::uint64_t{high} << 32 | low;
}
constexpr std::uint64_t pack(History::Id id) noexcept { return pack(id.producer, id.number); }

const char* name_of(History::Anomaly anomaly) noexcept {
  switch (anomaly) {
    case History::Anomaly::lost: return "lost";
    case History::Anomaly::stuck: return "stuck";
    case History::Anomaly::duplicated: return "duplicated";
    case History::Anomaly::inverted: return "inverted within its key";
    case History::Anomaly::resurrected: return "resurrected";
    case History::Anomaly::unbalanced: return "counted wrong";
  }
  return "?";
}

}  // namespace

void History::accepted(Id id, std::uint32_t key, std::uint64_t order) {
  notes_.push_back({.kind = Kind::accepted, .id = id, .key_or_stage = key, .order = order});
}
void History::refused(Id id) { notes_.push_back({.kind = Kind::refused, .id = id}); }
void History::handled(Id id, std::uint32_t stage) {
  notes_.push_back({.kind = Kind::handled, .id = id, .key_or_stage = stage});
}
void History::ended(Id id, End end) {
  notes_.push_back({.kind = Kind::ended, .id = id, .end = end});
}

std::string History::Finding::text() const {
  return "event " + std::to_string(id.producer) + "-" + std::to_string(id.number) + " is " +
         name_of(anomaly) + " (note " + std::to_string(at) + ")";
}

/// One pass over the notes; a table entry for each event, one for each stage and key.
class History::Checker {
 public:
  explicit Checker(const std::vector<Note>& notes) : notes_(notes) {}

  std::vector<Finding> run(const Told& told) {
    for (const Note& note : notes_)
      if (note.kind == Kind::accepted) events_[pack(note.id)] = {&note, false, {}};
    for (at_ = 0; at_ < notes_.size(); ++at_) look(notes_[at_]);
    at_ = notes_.size();
    look_at_the_end(told);
    return std::move(found_);
  }

 private:
  struct State {
    const Note* accepted = nullptr;
    bool ended = false;
    std::vector<std::uint32_t> stages;  ///< that saw it: a few
  };

  void find(Anomaly anomaly, Id id) { found_.push_back({anomaly, id, at_}); }

  void look(const Note& note) {
    if (note.kind == Kind::accepted || note.kind == Kind::refused) return;
    const auto found = events_.find(pack(note.id));
    if (found == events_.end()) return find(Anomaly::resurrected, note.id);
    State& state = found->second;
    if (note.kind == Kind::handled) {
      handled(note, state);
    } else if (state.ended) {
      find(Anomaly::duplicated, note.id);
    } else {
      state.ended = true;
      ++(note.end == End::refused ? refused_ : ended_);
    }
  }

  void handled(const Note& note, State& state) {
    if (state.ended) return find(Anomaly::resurrected, note.id);
    for (const std::uint32_t stage : state.stages)
      if (stage == note.key_or_stage) return find(Anomaly::duplicated, note.id);
    state.stages.push_back(note.key_or_stage);
    std::uint64_t& last = last_[pack(note.key_or_stage, state.accepted->key_or_stage)];
    if (state.accepted->order + 1 <= last) find(Anomaly::inverted, note.id);
    last = std::max(last, state.accepted->order + 1);
  }

  void look_at_the_end(const Told& told) {
    std::uint64_t missing = 0;
    for (const Note& note : notes_) {
      if (note.kind != Kind::accepted || events_[pack(note.id)].ended) continue;
      ++missing;
      if (told.idle) {
        find(Anomaly::stuck, note.id);
      } else if (missing > told.in_flight) {
        find(Anomaly::lost, note.id);
      }
    }
    if (told.accepted + refused_ != events_.size() || told.ended != ended_ ||
        told.in_flight != told.accepted - told.ended)
      find(Anomaly::unbalanced, {});
  }

  const std::vector<Note>& notes_;
  std::size_t at_ = 0;
  std::unordered_map<std::uint64_t, State> events_;
  std::unordered_map<std::uint64_t, std::uint64_t> last_;  ///< by stage and key: order + 1
  std::uint64_t ended_ = 0;
  std::uint64_t refused_ = 0;
  std::vector<Finding> found_;
};

std::vector<History::Finding> History::check(const Told& told) const {
  return Checker(notes_).run(told);
}

}  // namespace penstock::test
