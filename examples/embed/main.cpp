// SPDX-License-Identifier: Apache-2.0
// Embeds Penstock in a service: a config file says how, the program fills the stage and publishes.
// Run it with the path of orders.toml.
#include <cstdio>
#include <string>
#include <string_view>

#include <penstock/penstock.hpp>

using namespace std::chrono_literals;

namespace {

std::string order(int number, double total) {
  return R"({"specversion":"1.0","id":")" + std::to_string(number) +
         R"(","source":"/shop","type":"com.example.order.placed","subject":"customer-)" +
         std::to_string(number % 10) +
         R"(","datacontenttype":"application/json","data":{"totalAmount":)" +
         std::to_string(total) + "}}";
}

}  // namespace

int main(int argc, char** argv) {
  auto config = penstock::load_config(argc > 1 ? argv[1] : "orders.toml");
  if (!config) {  // every problem, with line and column
    std::fprintf(stderr, "%s\n", config.error().message.c_str());
    return 78;
  }

  auto pipeline = penstock::pipeline(*config)
                      .stage("price",
                             [](penstock::Event& event, penstock::Context&) {
                               const auto total = event.data()["totalAmount"].get_double();
                               return !total || *total < 0 ? penstock::Outcome::dead("bad total")
                                                           : penstock::Outcome::next();
                             })
                      .build();
  if (!pipeline) {
    std::fprintf(stderr, "%s\n", pipeline.error().message.c_str());
    return 78;
  }
  if (auto started = pipeline->start(); !started) {
    std::fprintf(stderr, "%s\n", started.error().message.c_str());
    return 69;
  }

  auto producer = pipeline->producer();  // one per thread
  for (int number = 0; number < 1000; ++number)
    producer.publish(order(number, number % 100 == 99 ? -1.0 : 10.0 * number));
  producer.publish(R"({"specversion":"1.0","id":"no source, no type"})");

  const penstock::Report report = pipeline->stop(2s);
  const penstock::Stats& stats = report.stats;
  const auto invalid = stats.refused[static_cast<std::size_t>(penstock::RefuseReason::invalid)];
  std::printf(
      "offered %llu = accepted %llu + invalid %llu; completed %llu, dead %llu, in flight %llu\n",
      static_cast<unsigned long long>(stats.offered),
      static_cast<unsigned long long>(stats.accepted), static_cast<unsigned long long>(invalid),
      static_cast<unsigned long long>(stats.completed), static_cast<unsigned long long>(stats.dead),
      static_cast<unsigned long long>(stats.in_flight));
  return report.drained && stats.completed == 990 && stats.dead == 10 && invalid == 1 ? 0 : 1;
}
