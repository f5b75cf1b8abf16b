// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/load/load_result.hpp>

#include <algorithm>
#include <utility>

#include <penstock/io/in_words.hpp>

namespace penstock {
namespace {

constexpr std::uint64_t kShare = 50;  ///< of the time, or of the events, that may come late

std::uint64_t sum_of(const std::vector<ThreadUsage>& threads,
                     std::uint64_t ThreadUsage::*value) noexcept {
  std::uint64_t sum = 0;
  for (const ThreadUsage& thread : threads) sum += thread.*value;
  return sum;
}

}  // namespace

double LoadRun::rate_achieved() const noexcept {
  return measured_ns == 0 ? 0 : static_cast<double>(ended) * 1e9 / static_cast<double>(measured_ns);
}

bool LoadRun::kept_up() const noexcept { return sent_in_time() && ended_in_time(); }

std::string LoadRun::fell_behind_by() const {
  if (unsent != 0) return "events that could not be sent: " + with_commas(unsent);
  if (!sent_in_time())
    return "the last event was sent " + duration_in_short(overrun_ns) + " late, " +
           duration_in_short(overrun_max_ns()) + " allowed";
  if (!report.drained || unfinished() != 0)
    return "events that had not ended when the drain timed out: " + with_commas(unfinished());
  if (!ended_in_time())
    return "events in flight when the last one was sent: " + with_commas(backlog) + ", " +
           with_commas(backlog_max()) + " allowed";
  return {};
}

std::uint64_t LoadRun::overrun_max_ns() const noexcept {
  constexpr std::uint64_t kGraceNs = 10'000'000;  // a machine's hiccup may stand at the very end
  return measured_ns / kShare + kGraceNs;
}

std::uint64_t LoadRun::backlog_max() const noexcept { return ended / kShare + in_hand; }

bool LoadRun::sent_in_time() const noexcept {
  return unsent == 0 && overrun_ns <= overrun_max_ns();
}

bool LoadRun::ended_in_time() const noexcept {
  return report.drained && unfinished() == 0 && backlog <= backlog_max();
}

bool LoadRun::load_was_the_limit() const noexcept {
  if (sent_in_time() || !ended_in_time()) return false;
  // Nothing of what is measured was sent: it did not come so far.
  if (blocked_ns == 0 && lateness_ns.count() == 0) return true;
  return blocked_ns < overrun_ns / 2 && own_lateness_ns.mean() * 2 > lateness_ns.mean();
}

std::vector<std::string> LoadRun::doubts() const {
  std::vector<std::string> doubts;
  if (latency_ns.count() == 0)
    doubts.push_back(
        "no event was due, taken and sent in the time that is measured: there is no "
        "latency, and whether the pipeline keeps up is not known");
  if (const std::uint64_t refused = report.stats.refused_total();
      refused != 0 && refused == report.stats.offered)
    doubts.push_back("all " + with_commas(refused) +
                     " events were refused: penstock inspect tells why");
  if (unfinished() > 0)
    doubts.push_back(with_commas(unfinished()) +
                     " events had not ended when the drain timed out: they count with the time "
                     "since the last event was sent, and took longer");
  if (auto doubt = doubt_of_lateness()) doubts.push_back(std::move(*doubt));
  return doubts;
}

/// What most of the latency was, if it was none of the pipeline's stages: the load source's own
/// lateness, or its waits for room.
std::optional<std::string> LoadRun::doubt_of_lateness() const {
  constexpr double kPercent = 99;
  const std::uint64_t latency = latency_ns.percentile(kPercent);
  const std::uint64_t late = lateness_ns.percentile(kPercent);
  const std::uint64_t own = own_lateness_ns.percentile(kPercent);
  if (latency_ns.count() == 0 || late <= latency / 2) return std::nullopt;
  const std::string of_latency = " of a latency of " + duration_in_short(latency) + " (p99)";
  if (own > latency / 2)
    return "the load source itself was late by " + duration_in_short(own) + of_latency +
           ": to that extent it is the source that was measured, and not the pipeline";
  return "events waited for room in the pipeline before they were published, by " +
         duration_in_short(late) + of_latency + "; all together " + duration_in_short(blocked_ns);
}

std::uint64_t LoadRun::cpu_ns() const noexcept {
  const std::uint64_t all_ns = sum_of(threads, &ThreadUsage::cpu_ns);
  return all_ns - std::min(all_ns, spun_ns);
}

double LoadRun::cpu_s_per_million() const noexcept {
  return ended == 0 ? 0 : static_cast<double>(cpu_ns()) / 1e9 / static_cast<double>(ended) * 1e6;
}

std::uint64_t LoadRun::voluntary_switches() const noexcept {
  return sum_of(threads, &ThreadUsage::voluntary_switches);
}

std::uint64_t LoadRun::involuntary_switches() const noexcept {
  return sum_of(threads, &ThreadUsage::involuntary_switches);
}

std::optional<double> LoadRun::allocations_per_event() const noexcept {
  if (!allocations || ended == 0) return std::nullopt;
  return static_cast<double>(*allocations) / static_cast<double>(ended);
}

const LoadRun& LoadResult::typical() const noexcept {
  std::vector<const LoadRun*> by_p99;
  for (const LoadRun& run : runs) by_p99.push_back(&run);
  std::ranges::sort(by_p99, {}, [](const LoadRun* run) { return run->latency_ns.percentile(99); });
  return *by_p99[by_p99.size() / 2];
}

}  // namespace penstock
