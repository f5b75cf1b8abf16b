// SPDX-License-Identifier: Apache-2.0
// The cold half of Batch: an event that ends.
#include <penstock/pipeline/flow/stage.hpp>

#include <string_view>

#include <penstock/runtime/base/check.hpp>

namespace penstock {

void Batch::end(std::size_t index, const Outcome& outcome) noexcept {
  PENSTOCK_CHECK(index < size_);
  Entry& entry = entries_[index];
  if (entry.fate != Fate::alive) return;
  entry.stage = stage_;
  if (outcome.kind() == Outcome::Kind::drop) {
    entry.fate = Fate::dropped;
    return;
  }
  entry.fate = Fate::dead;
  reasons_[index] = outcome;
}

void Batch::thrown(std::size_t index, const char* what) noexcept {
  PENSTOCK_CHECK(index < size_);
  if (!alive(index)) return;
  ++thrown_;
  end(index, on_error_ == OnError::drop ? Outcome::drop() : Outcome::dead(what));
}

}  // namespace penstock
