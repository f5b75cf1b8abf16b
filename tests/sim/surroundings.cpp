// SPDX-License-Identifier: Apache-2.0
#include "surroundings.hpp"

namespace penstock::test {
namespace {

constexpr std::size_t kBytesBehind = 64;

std::uint64_t pack(History::Id id) { return std::uint64_t{id.producer} << 32 | id.number; }

History::Id id_in(std::string_view bytes) {
  constexpr std::string_view kMark = R"("id":")";
  const std::size_t at = bytes.find(kMark);
  if (at == std::string_view::npos) return {.producer = UINT32_MAX};
  return ParsedId::from(bytes.substr(at + kMark.size())).id;
}

}  // namespace

void Offers::add(const Offered& offered) {
  bytes_[pack(offered.id)] = {offered.bytes, offered.lent};
}

const Offers::Bytes* Offers::find(History::Id id) const {
  const auto found = bytes_.find(pack(id));
  return found == bytes_.end() ? nullptr : &found->second;
}

History::Id Offers::look(std::string_view bytes, const char* where, std::size_t bytes_max) {
  const History::Id id = id_in(bytes);
  const Bytes* const offered = find(id);
  expect(
      offered != nullptr && bytes == std::string_view(offered->bytes).substr(0, bytes_max),
      std::string("an event came to the ") + where + " with other bytes than it was offered with");
  return id;
}

History::Id Offers::look_behind(std::string_view bytes, const char* where) {
  const History::Id id = look(bytes, where);
  const Bytes* const offered = find(id);
  const std::string_view behind(bytes.data() + bytes.size(), kBytesBehind);
  expect(offered == nullptr || offered->lent ||
             behind.find_first_not_of('\n') == std::string_view::npos,
         std::string("an event came to the ") + where + " without 64 newlines behind it");
  return id;
}

Status SimulatedSink::write(std::span<const std::string_view> events, unsigned) {
  for (const std::string_view event : events) {
    if (sunk_->seen++ == sunk_->fails_at) return error(ErrorCode::storage, "sink: full");
    sunk_->events.push_back(offers_->look_behind(event, "sink"));
  }
  return {};
}

Status SimulatedRejects::write(const Reject& reject) {
  if (rejected_->seen++ == rejected_->fails_at) return error(ErrorCode::storage, "rejects: full");
  const History::Id id = offers_->look(reject.bytes, "rejects", bytes_max_);
  offers_->expect(reject.bytes.size() == std::min<std::uint64_t>(reject.bytes_total, bytes_max_),
                  "a reject says how many bytes there were");
  offers_->expect(!reject.dead || reject.detail == kWhyDead, "a dead letter tells why it died");
  rejected_->events.emplace_back(id, reject.dead);
  return {};
}

}  // namespace penstock::test
