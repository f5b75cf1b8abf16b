// SPDX-License-Identifier: Apache-2.0
#include <penstock/pipeline/flow/segment_runner.hpp>

#include <algorithm>
#include <optional>
#include <utility>

#include <penstock/pipeline/flow/carried_index.hpp>
#include <penstock/pipeline/flow/guarded.hpp>
#include <penstock/runtime/base/check.hpp>

namespace penstock {
namespace {

constexpr std::string_view kDecodeStage = "decode";

/// An owner-less handle: the core owns the runner that holds this producer.
std::shared_ptr<PipelineCore> not_owning(PipelineCore& core) {
  return {std::shared_ptr<void>(), &core};
}

std::string_view document_of(const EventRing::Slot& slot) noexcept {
  return {slot.bytes, slot.length};
}

}  // namespace

Result<std::unique_ptr<SegmentRunner>> SegmentRunner::create(PipelineCore& core, unsigned partition,
                                                             std::size_t segment) {
  const PipelineOptions& options = core.layout.options;
  Result<Decoder> decoder = Decoder::create({.mode = options.decode,
                                             .event_bytes_max = options.ring.event_bytes_max,
                                             .batch_bytes_max = options.batch.bytes});
  if (!decoder) return tl::unexpected(std::move(decoder).error());
  std::unique_ptr<SegmentRunner> runner(
      new SegmentRunner(core, partition, segment, std::move(*decoder)));
  for (std::size_t i = 0; i < runner->stages_.size(); ++i)
    if (runner->stages_[i] == nullptr)
      return error(ErrorCode::usage, "stage \"" +
                                         core.layout.stages[runner->segment_->stages[i]].name +
                                         "\": its maker returned a null pointer");
  return runner;
}

SegmentRunner::SegmentRunner(PipelineCore& core, unsigned partition, std::size_t segment,
                             Decoder decoder)
    : core_(&core),
      partition_(core.partitions[partition].get()),
      segment_(&core.layout.segments[segment]),
      number_(segment),
      ring_(&partition_->ring()),
      decoder_(std::move(decoder)),
      reader_(*ring_, partition_->cursor(segment)),
      inner_(not_owning(core)),
      context_(partition, inner_),
      entries_(core.layout.options.batch.events),
      reasons_(std::make_unique<Outcome[]>(core.layout.options.batch.events)),
      batch_(entries_.data(), reasons_.get(), context_) {
  for (const unsigned before : segment_->after) reader_.add_upstream(partition_->cursor(before));
  for (const std::uint8_t stage : segment_->stages)
    stages_.push_back(core.layout.stages[stage].make(partition));
  views_.reserve(core.layout.options.batch.events);
  counters_.stages = std::vector<RunnerCounters::OfStage>(core.layout.stages.size());
  if (core.measures_stages)
    step_times_ = std::make_unique<StepTimes>(core.layout, *segment_, !core.sinks.empty());
}

void SegmentRunner::prepare() noexcept {
  // The first reader of the ring touches its pages first. Nobody produces before all threads are
  // ready.
  const std::vector<LayoutSegment>& segments = core_->layout.segments;
  const auto first = std::find_if(segments.begin(), segments.end(),
                                  [](const LayoutSegment& s) { return s.after.empty(); });
  if (&*first == segment_) ring_->prepare();
}

std::size_t SegmentRunner::poll(std::size_t budget) {
  const auto limit = static_cast<std::uint32_t>(std::min(budget, entries_.size()));
  const std::uint32_t count = collect(limit);
  if (count == 0) {
    // relaxed: own value.
    if (activity_.pressure_high.load(std::memory_order_relaxed))
      watch_pressure(core_->clock.now_ns(), ring_->position());
    // relaxed: own value.
    if (activity_.oldest_ns.load(std::memory_order_relaxed) != 0)
      // relaxed: statistic.
      activity_.oldest_ns.store(0, std::memory_order_relaxed);
    return 0;
  }
  if (step_times_ != nullptr) note_waits();
  run_stages();
  if (core_->abandoned()) return 0;  // the report of what is in flight was made, or is being made
  if (segment_->last) {
    if (!write_sinks()) return 0;
    end_events(core_->clock.now_ns());
  } else {
    record_fates();
  }
  if (core_->abandoned()) return 0;
  advance(count);
  return count;
}

std::uint32_t SegmentRunner::collect(std::uint32_t limit) {
  limit = reader_.available(limit);
  if (limit == 0 || !reader_.is_there(0)) return 0;
  const std::uint64_t now_ns = core_->clock.now_ns();
  since_ns_ = now_ns;
  if (step_times_ != nullptr) {
    step_times_->count_from(core_->counts_from_ns());
    step_times_->begin(now_ns);
  }
  // relaxed: statistic.
  activity_.oldest_ns.store(reader_.slot_at(0).fields.accepted_ns, std::memory_order_relaxed);
  decoder_.clear();
  std::uint32_t count = 0;
  for (; count < limit; ++count) {
    if (!reader_.is_there(count)) break;
    const EventRing::Slot& slot = reader_.slot_at(count);
    if (!decoder_.has_room(slot.length)) break;
    place(slot, count, entries_[count]);
  }
  batch_.size_ = count;
  if (segment_->last) watch_pressure(now_ns, filled_to(count, limit));
  return count;
}

/// How far the ring is filled, as far as pressure is concerned. A runner that keeps up with its
/// producers knows that without their claim word, which it would take from them at each event.
Position SegmentRunner::filled_to(std::uint32_t count, std::uint32_t limit) const noexcept {
  const bool caught_up = reader_.first() && count < limit && !reader_.is_there(count);
  if (!caught_up) return ring_->position();
  return Position::make(reader_.slot_at(count - 1).end_units, reader_.sequence_at(count));
}

void SegmentRunner::place(const EventRing::Slot& slot, std::uint32_t offset, Batch::Entry& entry) {
  const std::uint32_t slot_index = ring_->slot_index(reader_.sequence_at(offset));
  Envelope& envelope = partition_->envelope(slot_index);
  EventPlace event{.bytes = slot.bytes,
                   .length = slot.length,
                   .partition = partition_->number(),
                   .envelope = &envelope,
                   .decoder = &decoder_,
                   .index = carried_index(slot),
                   .sequence = sequence_ + offset,
                   .accepted_ns = slot.fields.accepted_ns,
                   .line = slot.fields.line,
                   .indexed_again = &indexed_again_};
  entry.fate = Fate::alive;
  if (slot.kind == SlotKind::tombstone) [[unlikely]] {
    entry.fate = Fate::tombstone;
  } else if (segment_->decodes && !slot.fields.decoded) {
    decode(slot, envelope, entry, event);
  } else {
    if (!segment_->before_it.empty()) entry.fate = fate_before(slot_index, offset, entry.stage);
    // Room for the index that event.data() may have to make.
    if (event.index.count == 0) decoder_.reserve(slot.length);
  }
  entry.event = Event(event);
}

/// What the segments before made of the event. Takes the reason of a dead one along.
Fate SegmentRunner::fate_before(std::uint32_t slot_index, std::uint32_t offset,
                                std::uint8_t& stage) noexcept {
  for (const unsigned before : segment_->before_it) {
    const FateColumn& column = partition_->column(before);
    const FateColumn::Cell cell = column.cells[slot_index];
    if (cell.fate == Fate::alive) continue;
    stage = cell.stage;
    if (cell.fate == Fate::dead) reasons_[offset] = column.reasons[slot_index];
    return cell.fate;
  }
  return Fate::alive;
}

void SegmentRunner::decode(const EventRing::Slot& slot, Envelope& envelope, Batch::Entry& entry,
                           EventPlace& event) {
  const std::string_view document = document_of(slot);
  const DecodeAnswer answer = event.index.count == 0
                                  ? decoder_.decode(document, envelope, event.index)
                                  : decoder_.decode_indexed(document, event.index, envelope);
  if (!answer.ok()) [[unlikely]] {
    entry.fate = Fate::invalid;
    return refuse(slot, RefuseReason::invalid, describe(answer, document));
  }
  if (!core_->layout.runner_checks_key) [[likely]]
    return;
  if (core_->layout.key.read(document, envelope, event.index, decoder_).has_value()) return;
  entry.fate = Fate::missing_key;
  refuse(slot, RefuseReason::missing_key, core_->layout.options.key);
}

/// Takes an event out of the accepted ones, once its reject is safe.
void SegmentRunner::refuse(const EventRing::Slot& slot, RefuseReason reason,
                           std::string_view detail) {
  if (!core_->reject({.dead = false,
                      .source = core_->source_name(slot.fields.source),
                      .line = slot.fields.line,
                      .partition = partition_->number(),
                      .stage = kDecodeStage,
                      .reason = to_string(reason),
                      .detail = detail,
                      .bytes = document_of(slot),
                      .bytes_total = slot.length}))
    return;
  (reason == RefuseReason::invalid ? counters_.invalid : counters_.missing_key).add(1);
  counters_.bytes_refused.add(slot.length);
}

/// Says what health() would name if it took too long.
void SegmentRunner::be_at(std::uint64_t stage) noexcept {
  // relaxed: statistic; one word, that needs no order.
  activity_.at.store((since_ns_ & ~RunnerActivity::kStageMask) | stage, std::memory_order_relaxed);
}

void SegmentRunner::run_stages() {
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    const std::uint8_t number = segment_->stages[i];
    be_at(number);
    batch_.stage_ = number;
    batch_.on_error_ = core_->layout.stages[number].on_error;
    batch_.thrown_ = 0;
    try {
      stages_[i]->run(batch_);
    } catch (const abi::__forced_unwind&) {
      throw;  // pthread_exit or cancellation inside a handler: the thread may not be kept.
    } catch (const std::exception& failure) {
      for (std::size_t event = 0; event < batch_.size(); ++event)
        batch_.thrown(event, failure.what());
    } catch (...) {
      for (std::size_t event = 0; event < batch_.size(); ++event)
        batch_.thrown(event, "an exception that is no std::exception");
    }
    if (batch_.thrown_ != 0) [[unlikely]]
      counters_.stages[number].thrown.add(batch_.thrown_);
    if (step_times_ != nullptr) step_times_->step_done(i + 1, core_->clock.now_ns());
  }
  be_at(RunnerActivity::kIdle);
  if (indexed_again_ != 0) counters_.indexed_again.add(std::exchange(indexed_again_, 0));
}

/// How long each event of the batch stood in the ring, and what it took to collect them.
void SegmentRunner::note_waits() {
  const std::uint64_t now_ns = core_->clock.now_ns();
  for (std::uint32_t i = 0; i < batch_.size(); ++i) {
    if (entries_[i].fate == Fate::tombstone) continue;  // was never accepted
    step_times_->waited(ring_->slot_index(reader_.sequence_at(i)),
                        reader_.slot_at(i).fields.accepted_ns, now_ns);
  }
  step_times_->step_done(0, now_ns);
}

/// False if a sink failed, and with it the pipeline.
bool SegmentRunner::write_sinks() {
  if (core_->sinks.empty()) return true;
  views_.clear();
  for (std::size_t i = 0; i < batch_.size(); ++i)
    if (batch_.alive(i)) views_.push_back(entries_[i].event.bytes());
  if (views_.empty()) return true;
  be_at(RunnerActivity::kInSinks);
  Status written;
  for (const std::unique_ptr<Sink>& sink : core_->sinks)
    if (written)
      written = guarded(sink->name(), [&] { return sink->write(views_, partition_->number()); });
  be_at(RunnerActivity::kIdle);
  if (step_times_ != nullptr) step_times_->step_done(stages_.size() + 1, core_->clock.now_ns());
  if (written) return true;
  core_->fail(std::move(written).error());
  return false;
}

void SegmentRunner::end_events(std::uint64_t now_ns) {
  const std::uint64_t from_ns = core_->counts_from_ns();
  std::uint64_t completed = 0;
  std::uint64_t counted = 0;
  for (std::uint32_t i = 0; i < batch_.size(); ++i, ++ended_) {
    const EventRing::Slot& slot = reader_.slot_at(i);
    const std::uint64_t accepted_ns = slot.fields.accepted_ns;
    const bool counts = accepted_ns >= from_ns;
    if (batch_.alive(i)) [[likely]] {
      ++completed;
      if (counts) [[likely]]
        counters_.latency_ns.record(now_ns > accepted_ns ? now_ns - accepted_ns : 0);
    } else if (!end_unfinished(i, slot)) {
      break;
    }
    if (counts && slot.kind != SlotKind::tombstone) [[likely]]
      ++counted;
    if (slot.kind != SlotKind::inline_bytes) [[unlikely]]
      release(slot);
  }
  counters_.completed.add(completed);
  counters_.counted.add(counted);
}

/// Counts an event that did not get to the end. False if its reject could not be written.
bool SegmentRunner::end_unfinished(std::uint32_t index, const EventRing::Slot& slot) {
  const Batch::Entry& entry = entries_[index];
  if (entry.fate == Fate::dropped) {
    counters_.dropped.add(1);
    counters_.stages[entry.stage].dropped.add(1);
  } else if (entry.fate == Fate::dead) {
    if (!core_->reject({.dead = true,
                        .source = core_->source_name(slot.fields.source),
                        .line = slot.fields.line,
                        .partition = partition_->number(),
                        .stage = core_->layout.stages[entry.stage].name,
                        .reason = "dead",
                        .detail = reasons_[index].reason(),
                        .bytes = document_of(slot),
                        .bytes_total = slot.length}))
      return false;
    counters_.dead.add(1);
    counters_.stages[entry.stage].dead.add(1);
  } else if (entry.fate == Fate::tombstone) {
    counters_.tombstones.add(1);
  }
  return true;  // invalid, missing_key: counted when that was found
}

void SegmentRunner::release(const EventRing::Slot& slot) noexcept {
  if (slot.kind == SlotKind::spilled) core_->spill.free(slot.bytes, slot.length);
  if (slot.kind == SlotKind::lent) slot.lender->give_back(slot.bytes, slot.length);
}

void SegmentRunner::release_rest() noexcept {
  if (!segment_->last) return;
  const std::uint32_t end = ring_->position().sequence();
  std::uint32_t at = reader_.sequence_at(ended_);
  // What is not published was never handed over: there are no claims without a handle.
  for (; at != end; at = Position::sequence_after(at, 1))
    if (ring_->published(at)) release(ring_->slot(at));
}

void SegmentRunner::record_fates() {
  FateColumn& column = partition_->column(number_);
  for (std::uint32_t i = 0; i < batch_.size(); ++i) {
    const std::uint32_t slot_index = ring_->slot_index(reader_.sequence_at(i));
    const Batch::Entry& entry = entries_[i];
    column.cells[slot_index] = {entry.fate, entry.stage};
    if (entry.fate == Fate::dead) column.reasons[slot_index] = reasons_[i];
    if (step_times_ != nullptr) step_times_->hand_over(slot_index);
  }
}

void SegmentRunner::advance(std::uint32_t count) {
  ended_ = 0;
  sequence_ += count;
  counters_.handled.add(count);
  note_unpublished(false);
  reader_.advance(count);
}

ParkAnswer SegmentRunner::arm() noexcept {
  const ParkAnswer answer = reader_.arm();
  if (reader_.first()) note_unpublished(answer == ParkAnswer::unpublished);
  return answer;
}

void SegmentRunner::watch_claims() noexcept {
  if (reader_.first()) note_unpublished(reader_.next_is_unpublished());
}

/// Remembers since when the next place has been claimed without being published.
void SegmentRunner::note_unpublished(bool unpublished) noexcept {
  // relaxed: own value.
  const bool noted = activity_.unpublished_since_ns.load(std::memory_order_relaxed) != 0;
  if (noted == unpublished) return;
  // relaxed: statistic.
  activity_.unpublished_since_ns.store(unpublished ? core_->clock.now_ns() : 0,
                                       std::memory_order_relaxed);
}

void SegmentRunner::watch_pressure(std::uint64_t now_ns, Position claimed) {
  const Position at = reader_.at();
  const AdmissionOptions& marks = core_->layout.options.admission;
  const std::uint32_t slots = Position::sequences_between(at.sequence(), claimed.sequence());
  const std::uint64_t units = Position::units_between(at.units(), claimed.units());
  Pressure pressure{.partition = partition_->number(),
                    .high = false,
                    .slots_share = double(slots) / ring_->slots_count(),
                    .arena_share = double(units * kUnitBytes) / double(ring_->arena_bytes()),
                    .oldest_age_ns = 0};
  if (slots != 0 && ring_->published(at.sequence())) {
    const std::uint64_t accepted_ns = reader_.slot_at(0).fields.accepted_ns;
    // A tombstone was never accepted.
    if (accepted_ns != 0) pressure.oldest_age_ns = now_ns > accepted_ns ? now_ns - accepted_ns : 0;
  } else {
    // relaxed: statistic.
    activity_.oldest_ns.store(0, std::memory_order_relaxed);
  }
  const auto over = [&](double share, std::chrono::nanoseconds age) {
    return pressure.slots_share >= share || pressure.arena_share >= share ||
           (age.count() > 0 && pressure.oldest_age_ns >= static_cast<std::uint64_t>(age.count()));
  };
  // relaxed: own value.
  const bool was_high = activity_.pressure_high.load(std::memory_order_relaxed);
  pressure.high = was_high ? over(marks.low, marks.low_age) : over(marks.high, marks.high_age);
  if (pressure.high == was_high) [[likely]]
    return;
  // relaxed: statistic.
  activity_.pressure_high.store(pressure.high, std::memory_order_relaxed);
  if (!core_->on_pressure) return;
  try {
    core_->on_pressure(pressure);
  } catch (const abi::__forced_unwind&) {
    throw;
  } catch (...) {
    // What a callback throws concerns no event, and nothing that user code does ends a runner.
    counters_.callbacks_thrown.add(1);
  }
}

}  // namespace penstock
