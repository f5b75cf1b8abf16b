// SPDX-License-Identifier: Apache-2.0
// The life of a pipeline: wiring, start, failure, stop.
#include <penstock/pipeline/flow/core.hpp>

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include <penstock/pipeline/flow/guarded.hpp>
#include <penstock/pipeline/flow/runner_thread.hpp>
#include <penstock/pipeline/flow/segment_runner.hpp>
#include <penstock/pipeline/flow/source_thread.hpp>
#include <penstock/runtime/base/check.hpp>

namespace penstock {
namespace {

constexpr std::uint64_t kGraceNs =
    200'000'000;  // for handlers to return once the drain is given up

std::uint64_t deadline_after(std::chrono::nanoseconds duration,
                             const Clock& clock = steady_clock()) noexcept {
  const std::int64_t count = std::max<std::int64_t>(duration.count(), 0);
  const std::uint64_t now_ns = clock.now_ns();
  const std::uint64_t most = ~std::uint64_t{0} - now_ns;
  return now_ns + std::min(static_cast<std::uint64_t>(count), most);
}

}  // namespace

Result<std::shared_ptr<PipelineCore>> PipelineCore::create(Parts parts) {
  std::vector<std::unique_ptr<Partition>> memory;
  for (unsigned number = 0; number < parts.layout.options.partitions; ++number) {
    Result<std::unique_ptr<Partition>> partition = Partition::create(number, parts.layout);
    if (!partition) return tl::unexpected(std::move(partition).error());
    memory.push_back(std::move(*partition));
  }
  std::shared_ptr<PipelineCore> core(new PipelineCore(std::move(parts), std::move(memory)));
  if (Status wired = core->wire(); !wired) return tl::unexpected(std::move(wired).error());
  return core;
}

PipelineCore::PipelineCore(Parts parts, std::vector<std::unique_ptr<Partition>> memory)
    : layout(std::move(parts.layout)),
      clock(*parts.clock),
      partitioner(layout.options.partitions, layout.options.key_seed),
      partitions(std::move(memory)),
      sources(std::move(parts.sources)),
      sinks(std::move(parts.sinks)),
      rejects(std::move(parts.rejects)),
      on_pressure(std::move(parts.on_pressure)),
      while_full(std::move(parts.while_full)),
      measures_stages(parts.measure_stages),
      spill(layout.options.ring.spill_bytes_max),
      allocations_(parts.allocations) {}

PipelineCore::~PipelineCore() {
  // Runners hold producers of their own, whose states go with the members below.
  source_threads_.clear();
  threads_.clear();
  for (const std::unique_ptr<SegmentRunner>& runner : runners_) runner->release_rest();
  runners_.clear();
  if (stop_fd_ >= 0) ::close(stop_fd_);
}

/// Makes runners and threads and tells each whom to wake.
Status PipelineCore::wire() {
  stop_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (stop_fd_ < 0) return system_error(ErrorCode::unavailable, "eventfd", errno);
  for (unsigned partition = 0; partition < partitions.size(); ++partition) {
    for (std::size_t segment = 0; segment < layout.segments.size(); ++segment) {
      Result<std::unique_ptr<SegmentRunner>> runner =
          SegmentRunner::create(*this, partition, segment);
      if (!runner) return tl::unexpected(std::move(runner).error());
      runners_.push_back(std::move(*runner));
    }
  }
  if (layout.host_driven) {
    Result<std::unique_ptr<HostLoop>> host = HostLoop::create();
    if (!host) return tl::unexpected(std::move(host).error());
    host_ = std::move(*host);
    for (const std::unique_ptr<SegmentRunner>& runner : runners_) host_->add(*runner);
  } else {
    for (unsigned i = 0; i < layout.plan.runner_threads; ++i)
      threads_.push_back(std::make_unique<RunnerThread>(*this, layout.plan.threads[i]));
    for (std::size_t i = 0; i < runners_.size(); ++i)
      threads_[layout.thread_of[i]]->add(*runners_[i]);
  }
  const auto parker_of = [&](std::size_t runner) -> Parker& {
    return host_ ? host_->parker() : threads_[layout.thread_of[runner]]->parker();
  };
  for (unsigned partition = 0; partition < partitions.size(); ++partition) {
    for (std::size_t segment = 0; segment < layout.segments.size(); ++segment) {
      Parker& parker = parker_of(layout.runner_number(partition, segment));
      const std::vector<unsigned>& after = layout.segments[segment].after;
      if (after.empty()) partitions[partition]->ring().add_listener(parker);
      for (const unsigned before : after) {
        SegmentRunner& upstream = *runners_[layout.runner_number(partition, before)];
        upstream.add_follower(parker);
        runners_[layout.runner_number(partition, segment)]->add_upstream(upstream);
      }
    }
  }
  return {};
}

Status PipelineCore::open_ports() {
  Status status;
  const auto call = [&](const auto& port, auto what) {
    if (status && port) status = guarded(port->name(), [&] { return ((*port).*what)(); });
    return status.has_value();
  };
  for (const std::unique_ptr<Source>& source : sources) call(source, &Source::open);
  for (const std::unique_ptr<Sink>& sink : sinks)
    if (call(sink, &Sink::open)) ++sinks_open_;
  rejects_open_ = call(rejects, &RejectSink::open) && rejects != nullptr;
  for (const std::unique_ptr<Sink>& sink : sinks) call(sink, &Sink::begin);
  const std::lock_guard<std::mutex> guard(rejects_lock_);
  rejects_take_ = call(rejects, &RejectSink::begin);
  return status;
}

Status PipelineCore::start() {
  if (started_) return error(ErrorCode::usage, "start() was called twice on one pipeline");
  if (report_ || abandoned())
    return error(ErrorCode::usage, "start() was called after stop() or abandon()");
  started_ = true;
  if (Status opened = open_ports(); !opened) return opened;
  const auto first_source = layout.plan.runner_threads;
  for (std::size_t i = 0; i < sources.size(); ++i)
    source_threads_.push_back(std::make_unique<SourceThread>(
        *this, *sources[i], take_producer_state(static_cast<std::uint16_t>(i + 1)),
        layout.plan.threads[first_source + i]));
  // relaxed: statistic.
  started_ns_.store(clock.now_ns(), std::memory_order_relaxed);
  if (Status threads = start_threads(); !threads) {
    abandon();
    const std::uint64_t grace_ns = deadline_after(std::chrono::nanoseconds(kGraceNs));
    join_sources(grace_ns);
    join_runners(grace_ns);
    return threads;
  }
  return {};
}

template <class AnyThread>
void PipelineCore::warn_of_denied_pin(const AnyThread& thread) {
  if (thread.pin_denied())
    warnings_.push_back(fmt::format("thread {} could not be pinned to CPU {}; it runs anywhere",
                                    thread.plan().name, *thread.plan().cpu));
}

Status PipelineCore::start_threads() {
  if (host_)
    for (const std::unique_ptr<SegmentRunner>& runner : runners_) runner->prepare();
  if (host_) host_->parker().wake();  // who armed before found the rings closed
  for (const std::unique_ptr<RunnerThread>& thread : threads_)
    if (Status status = thread->start(shared_from_this()); !status) return status;
  for (const std::unique_ptr<RunnerThread>& thread : threads_) {
    while (!thread->ready()) StdAtomics::yield();
    warn_of_denied_pin(*thread);
  }
  if (allocations_ != nullptr) allocations_at_start_ = allocations_();
  sources_running_.reset(static_cast<unsigned>(sources.size()));
  for (const std::unique_ptr<SourceThread>& thread : source_threads_) {
    if (Status status = thread->start(shared_from_this(), stop_fd_); !status) return status;
    warn_of_denied_pin(*thread);
  }
  return {};
}

std::size_t PipelineCore::poll(unsigned partition, std::size_t budget) {
  PENSTOCK_CHECK(host_ != nullptr && partition < partitions.size());
  if (on_runner_thread()) return 0;  // a handler is in the middle of a batch
  const RunnerScope scope(*this);
  std::size_t done = 0;
  for (std::size_t segment = 0; segment < layout.segments.size() && !abandoned(); ++segment)
    done += runners_[layout.runner_number(partition, segment)]->poll(budget);
  return done;
}

void PipelineCore::fail(Error failure) noexcept {
  {
    const std::lock_guard<std::mutex> guard(lock_);
    if (!failure_) failure_ = std::move(failure);
  }
  abandon();
}

void PipelineCore::tell_sources() noexcept {
  const CancellationOff off;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(stop_fd_, &one, sizeof one);
}

void PipelineCore::abandon() noexcept {
  // relaxed: the decision alone; all who wait are woken below.
  stopping_.store(true, std::memory_order_relaxed);
  // relaxed: as above.
  abandoned_.store(true, std::memory_order_relaxed);
  tell_sources();
  close_rings();
  sources_running_.wake();
}

void PipelineCore::close_rings() noexcept {
  // relaxed: a runner that sees it finds the rings closed, or finds that at its next look, since
  // wake_runners() follows.
  closing_.store(true, std::memory_order_relaxed);
  for (const std::unique_ptr<Partition>& partition : partitions) partition->ring().close();
  wake_runners();
}

void PipelineCore::wake_runners() noexcept {
  for (const std::unique_ptr<RunnerThread>& thread : threads_) thread->parker().wake();
  if (host_) host_->parker().wake();
}

void PipelineCore::source_ended() noexcept { sources_running_.count_down(); }

bool PipelineCore::wait_for_sources(std::chrono::nanoseconds timeout) {
  const std::uint64_t deadline_ns = deadline_after(timeout);
  for (;;) {
    const std::uint32_t epoch = sources_running_.epoch();
    if (sources_running_.zero() || abandoned()) return true;
    const std::uint64_t now_ns = steady_clock().now_ns();
    if (now_ns >= deadline_ns) return false;
    sources_running_.wait(epoch, deadline_ns - now_ns);
  }
}

bool PipelineCore::join_sources(std::uint64_t deadline_ns) noexcept {
  bool all = true;
  for (const std::unique_ptr<SourceThread>& thread : source_threads_)
    all = thread->join_until(deadline_ns) && all;
  return all;
}

bool PipelineCore::join_runners(std::uint64_t deadline_ns) noexcept {
  bool all = true;
  for (const std::unique_ptr<RunnerThread>& thread : threads_)
    all = thread->join_until(deadline_ns) && all;
  return all;
}

Report PipelineCore::stop(std::chrono::nanoseconds deadline) {
  if (report_) return *report_;
  const std::uint64_t deadline_ns = deadline_after(deadline);
  // relaxed: the decision alone; the sources are told below.
  stopping_.store(true, std::memory_order_relaxed);
  tell_sources();
  // A source that hangs leaves the runners half of the time.
  join_sources(deadline_after(deadline / 2));
  close_rings();
  if (host_ && !std::exchange(host_drains_, true))
    drain_host(deadline_after(deadline, waiting_clock()));
  bool ended = join_runners(deadline_ns);
  ended = join_sources(deadline_ns) && ended;
  const Health before_giving_up = health();
  if (!ended || !drained()) abandon();
  if (!ended) {
    const std::uint64_t grace_ns = deadline_after(std::chrono::nanoseconds(kGraceNs));
    ended = join_sources(grace_ns);
    ended = join_runners(grace_ns) && ended;
    if (!ended) leave_threads();
  }
  // relaxed: statistic.
  stopped_ns_.store(clock.now_ns(), std::memory_order_relaxed);
  Status closed = ended ? close_ports() : Status{};
  if (!closed) fail(std::move(closed).error());
  report_ = make_report(before_giving_up);
  return *report_;
}

/// A stop() from inside a handler, or from what the host does here in its turn, drains nothing.
void PipelineCore::drain_host(std::uint64_t deadline_ns) {
  if (on_runner_thread()) return;
  while (!drained() && !abandoned()) {
    const std::uint64_t now_ns = waiting_clock().now_ns();
    if (now_ns >= deadline_ns) return;
    std::size_t done = 0;
    for (unsigned partition = 0; partition < partitions.size(); ++partition)
      done += poll(partition, layout.options.batch.events);
    if (done != 0 || abandoned()) continue;
    // What is left stands behind a claim that somebody holds.
    for (const std::unique_ptr<SegmentRunner>& runner : runners_) runner->watch_claims();
    if (!while_full) {
      StdAtomics::yield();
    } else if (!host_waits(deadline_ns - now_ns)) {
      return;
    }
  }
}

bool PipelineCore::host_waits(std::uint64_t left_ns) const noexcept {
  constexpr auto kMost = static_cast<std::uint64_t>(std::chrono::nanoseconds::max().count());
  try {
    while_full(std::chrono::nanoseconds(std::min(left_ns, kMost)));
  } catch (...) {
    return false;
  }
  return true;
}

/// Threads whose handlers do not return keep the core, and with it all that they may touch.
void PipelineCore::leave_threads() noexcept {
  const std::uint64_t now_ns = steady_clock().now_ns();
  for (const std::unique_ptr<RunnerThread>& thread : threads_)
    if (!thread->join_until(now_ns)) thread->detach();
  for (const std::unique_ptr<SourceThread>& thread : source_threads_)
    if (!thread->join_until(now_ns)) thread->detach();
}

Status PipelineCore::close_ports() {
  Status first;
  const auto close = [&](const auto& port) {
    Status closed = guarded(port->name(), [&] { return port->close(); });
    if (!closed && first) first = std::move(closed);
  };
  for (; sinks_open_ != 0; --sinks_open_) close(sinks[sinks_open_ - 1]);
  const std::lock_guard<std::mutex> guard(rejects_lock_);
  rejects_take_ = false;
  if (std::exchange(rejects_open_, false)) close(rejects);
  return first;
}

bool PipelineCore::reject(const Reject& reject) noexcept {
  if (!rejects) return true;
  const CancellationOff off;  // also called from publish(), on any producer's thread
  Status written;
  {
    const std::lock_guard<std::mutex> guard(rejects_lock_);
    if (!rejects_take_) return false;
    written = guarded(rejects->name(), [&] { return rejects->write(reject); });
  }
  if (written) return true;
  fail(std::move(written).error());
  return false;
}

std::string_view PipelineCore::source_name(std::uint16_t source) const noexcept {
  return source == 0 ? std::string_view("program") : sources[source - 1U]->name();
}

ProducerState& PipelineCore::take_producer_state(std::uint16_t source) {
  const std::lock_guard<std::mutex> guard(lock_);
  for (const std::unique_ptr<ProducerState>& state : producers_) {
    if (state->in_use || state->source != source) continue;
    state->in_use = true;
    return *state;
  }
  std::optional<Decoder> decoder;
  if (layout.source_decodes || source != 0) {
    Result<Decoder> made = Decoder::create({.mode = layout.options.decode,
                                            .event_bytes_max = layout.options.ring.event_bytes_max,
                                            .batch_bytes_max = layout.options.batch.bytes});
    if (!made) throw std::bad_alloc();
    decoder = std::move(*made);
  }
  producers_.push_back(std::make_unique<ProducerState>(std::move(decoder)));
  producers_.back()->source = source;
  return *producers_.back();
}

void PipelineCore::give_back(ProducerState& state) noexcept {
  const std::lock_guard<std::mutex> guard(lock_);
  state.in_use = false;
}

}  // namespace penstock
