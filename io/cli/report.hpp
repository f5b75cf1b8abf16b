// SPDX-License-Identifier: Apache-2.0
// What a run says of itself: a line of live numbers, the report in words, and the report as JSON.
// Pure functions, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <penstock/pipeline/flow/stats.hpp>

namespace penstock::cli {

/// "4,194,304 events  612 k/s  fill 3 %  p99 14 µs". `before` are the numbers of the line before.
[[nodiscard]] std::string live_line(const Stats& stats, const Stats& before);

/// "1,204,331 in = 1,204,318 completed + 13 dead"
[[nodiscard]] std::string conservation_line(const Stats& stats);
/// "971 k events/s · 481 MB/s · p50 1.9 µs ..."
[[nodiscard]] std::string speed_line(const Report& report);

/// {"offered":n,"accepted":n,"refused":{"<reason>":n},"completed":n,"dropped":{"<stage>":n},
///  "dead":n,"parked":n,"in_flight":n,"redelivered":n,"seconds":x,"events_per_s":x,"bytes_per_s":x,
///  "latency_ns":{"p50":n,"p99":n,"p999":n,"max":n},"allocations_per_event":x,"blocked_s":x,
///  "spilled":n,"drained":b,"failure":s,"problems":[...],"stages":[...],"partitions":[...]}
/// on one line. Reasons that no event had are left out. latency_ns starts at acceptance; blocked_s
/// is the time before it in which producers waited for room, summed over them. What is not known is
/// null.
[[nodiscard]] std::string report_json(const Report& report);

}  // namespace penstock::cli
