// SPDX-License-Identifier: Apache-2.0
// What a pipeline needs from outside: sources, sinks, a place for rejects. io/files implements them
// for files and standard streams; an embedder may implement his own. What they throw counts as an
// error that they return.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include <penstock/runtime/base/result.hpp>

namespace penstock {

class SourcePort;

enum class SourceState : std::uint8_t {
  more,  ///< call again at once
  idle,  ///< nothing to read: call again when wait_fd() is readable
  end,   ///< nothing will come any more
};

/// Where events come from. Each source has a thread of its own, which alone calls it.
class Source {
 public:
  virtual ~Source() = default;
  /// For messages and rejects, for example the path.
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;
  /// Called by Pipeline::start() on the caller's thread, so that a missing file fails the start.
  virtual Status open() = 0;
  /// Reads and publishes at most `budget` events. Does not wait for input longer than a disk does;
  /// the port waits for room in the rings.
  virtual Result<SourceState> poll(SourcePort& port, std::size_t budget) = 0;
  /// Called instead of poll() when the pipeline stops before the source ended: publishes or refuses
  /// what was already taken from where it cannot be taken again. Rings are still open, at most
  /// until the stop's deadline.
  virtual Status finish(SourcePort& /*port*/) { return {}; }
  /// The most memory that it will use, for the plan.
  [[nodiscard]] virtual std::uint64_t memory_bytes(
      std::uint32_t /*event_bytes_max*/) const noexcept {
    return 0;
  }
  /// The descriptor whose readability ends `idle`.
  [[nodiscard]] virtual int wait_fd() const noexcept { return -1; }
};

/// Where events go to. All runners of the last segment call it, at the same time.
class Sink {
 public:
  virtual ~Sink() = default;
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;
  /// Called by Pipeline::start(); changes nothing yet that was there before.
  virtual Status open() = 0;
  /// Called by Pipeline::start() once all ports are open: from here on what was there before may
  /// give way.
  virtual Status begin() { return {}; }
  /// Takes the events whole, in this order, or fails; when it returns, they have left the process.
  /// Behind the bytes of each event stand at least 64 readable ones: newlines, unless it was lent.
  /// An error stops the pipeline.
  virtual Status write(std::span<const std::string_view> events, unsigned partition) = 0;
  /// Called by Pipeline::stop() after the last write.
  virtual Status close() = 0;
};

/// An event that was refused or died.
struct Reject {
  bool dead = false;        ///< false: refused
  std::string_view source;  ///< the source's name; "program" for a producer of the host
  std::uint64_t line = 0;   ///< from 1; 0 if the source has no lines
  unsigned partition = 0;
  std::string_view stage;   ///< of a dead event; "decode" for an invalid one; empty at the door
  std::string_view reason;  ///< stable name, for example "invalid" or "full"; for dead: "dead"
  std::string_view detail;  ///< a sentence: what is wrong, or the handler's reason
  std::string_view bytes;
  std::uint64_t bytes_total = 0;  ///< more than bytes.size() where a line was too long to be kept
};

/// Called from every thread of the pipeline at the same time.
class RejectSink {
 public:
  virtual ~RejectSink() = default;
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;
  /// Both as those of Sink.
  virtual Status open() = 0;
  virtual Status begin() { return {}; }
  /// When it returns, the reject is safe. An error stops the pipeline: nothing is lost unseen.
  virtual Status write(const Reject& reject) = 0;
  virtual Status close() = 0;
};

}  // namespace penstock
