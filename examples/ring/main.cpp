// SPDX-License-Identifier: Apache-2.0
// The typed ring alone: one producer, two readers, the second behind the first. The producer
// publishes each trade while the readers keep up and many together once they lag; a reader that
// finds few waits a little, so as not to take the lines that are being written.
#include <cstdio>
#include <thread>

#include <penstock/runtime/ring/typed_ring.hpp>
#include <penstock/runtime/wait/pace.hpp>

namespace {

struct Trade {
  long id;
  long amount;
};

constexpr long kTrades = 1'000'000;

}  // namespace

int main() {
  penstock::Ring<Trade> ring(1024);
  auto& risk = ring.add_reader();
  auto& booking = ring.add_reader({&risk});  // sees a trade only when risk has passed it

  long exposure = 0;
  long booked = 0;
  const auto read = [](auto& reader, long& total) {
    penstock::Pace pace;
    for (long seen = 0; seen < kTrades;) {
      const std::size_t count = reader.poll([&](const Trade& trade) { total += trade.amount; });
      pace.polled(count);
      if (count == 0) std::this_thread::yield();  // or spin, where it has a CPU of its own
      seen += static_cast<long>(count);
    }
  };
  std::thread risk_thread([&] { read(risk, exposure); });
  std::thread booking_thread([&] { read(booking, booked); });

  auto producer = ring.producer();
  for (long id = 0; id < kTrades; ++id) {
    while (!producer.try_write({.id = id, .amount = id % 7})) std::this_thread::yield();
    producer.publish_when_due();
  }
  producer.publish();  // what was not yet due

  risk_thread.join();
  booking_thread.join();
  std::printf("exposure %ld, booked %ld\n", exposure, booked);
  return exposure == booked && exposure > 0 ? 0 : 1;
}
