// SPDX-License-Identifier: Apache-2.0
// One fact, as its handler sees it: its bytes where they lie plus the envelope read from them.
// An Event is valid while the handler that got it runs, on that thread; hold() makes a counted copy
// that outlives the handler. Texts are decoded values ("\u0061" is "a") and as short-lived.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include <penstock/pipeline/decode/decoder.hpp>
#include <penstock/pipeline/event/data.hpp>
#include <penstock/pipeline/event/envelope.hpp>

namespace penstock {

class HeldEvent;

/// What an Event is made of; filled by the runner.
struct EventPlace {
  const char* bytes = nullptr;
  std::uint32_t length = 0;
  std::uint32_t partition = 0;
  const Envelope* envelope = nullptr;
  Decoder* decoder = nullptr;
  DocumentIndex index;  ///< empty where decoding happened elsewhere
  std::uint64_t sequence = 0;
  std::uint64_t accepted_ns = 0;
  std::uint64_t line = 0;
  std::uint64_t* indexed_again = nullptr;  ///< counts data() calls that had to index
};

class Event {
 public:
  Event() noexcept = default;
  explicit Event(const EventPlace& place) noexcept : place_(place) {}

  [[nodiscard]] std::string_view id() const noexcept { return text(place_.envelope->id); }
  [[nodiscard]] std::string_view source() const noexcept { return text(place_.envelope->source); }
  [[nodiscard]] std::string_view type() const noexcept { return text(place_.envelope->type); }
  /// Optional attributes are empty where they are absent; none may be empty when present.
  [[nodiscard]] std::string_view subject() const noexcept { return text(place_.envelope->subject); }
  /// RFC 3339, as it stands in the event.
  [[nodiscard]] std::string_view time() const noexcept { return text(place_.envelope->time); }
  [[nodiscard]] std::string_view datacontenttype() const noexcept {
    return text(place_.envelope->datacontenttype);
  }
  [[nodiscard]] std::string_view dataschema() const noexcept {
    return text(place_.envelope->dataschema);
  }
  /// A string's value, or the literal of a boolean or an integer.
  [[nodiscard]] std::optional<std::string_view> extension(std::string_view name) const noexcept;

  /// A cursor over JSON data. Where another thread decoded, the first call indexes again (counted).
  [[nodiscard]] Data data() const noexcept;

  /// The whole event; behind it stand 64 readable bytes.
  [[nodiscard]] std::string_view bytes() const noexcept { return {place_.bytes, place_.length}; }
  /// How many events of its partition came before.
  [[nodiscard]] std::uint64_t sequence() const noexcept { return place_.sequence; }
  [[nodiscard]] unsigned partition() const noexcept { return place_.partition; }
  /// 1 for the first try; retries come in a later version.
  [[nodiscard]] unsigned attempt() const noexcept { return 1; }
  /// On the pipeline's clock.
  [[nodiscard]] std::uint64_t accepted_ns() const noexcept { return place_.accepted_ns; }
  /// The line of its source, from 1; 0 if it has none.
  [[nodiscard]] std::uint64_t line() const noexcept { return place_.line; }
  [[nodiscard]] const Envelope& envelope() const noexcept { return *place_.envelope; }

  /// A copy that outlives the handler. Cost: one allocation and the copy.
  [[nodiscard]] HeldEvent hold() const;

 private:
  [[nodiscard]] std::string_view text(View view) const noexcept {
    if (!view.present()) return {};
    if (!view.escaped()) return {place_.bytes + view.offset, view.length()};
    return place_.decoder->text(bytes(), view);
  }

  mutable EventPlace place_;  ///< data() keeps an index that it had to make
};

/// A counted, immutable copy of an event: its bytes, 64 newlines behind, and its envelope.
/// Copies share it; any thread may read and destroy them.
class HeldEvent {
 public:
  HeldEvent() noexcept = default;
  HeldEvent(const HeldEvent& other) noexcept;
  HeldEvent(HeldEvent&& other) noexcept;
  HeldEvent& operator=(HeldEvent other) noexcept;
  ~HeldEvent();

  explicit operator bool() const noexcept { return block_ != nullptr; }
  [[nodiscard]] std::string_view bytes() const noexcept;
  [[nodiscard]] const Envelope& envelope() const noexcept;
  [[nodiscard]] std::uint64_t sequence() const noexcept;
  [[nodiscard]] unsigned partition() const noexcept;

 private:
  friend class Event;
  struct Block;
  Block* block_ = nullptr;
};

}  // namespace penstock
