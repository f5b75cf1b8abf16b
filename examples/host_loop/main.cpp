// SPDX-License-Identifier: Apache-2.0
// No threads of Penstock's: the host's own epoll loop drives the pipeline, and sleeps while there
// is nothing to do. Another thread of the host publishes.
#include <sys/epoll.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <thread>

#include <penstock/penstock.hpp>

namespace {

constexpr int kEvents = 10'000;

std::string reading(int number) {
  return R"({"specversion":"1.0","id":")" + std::to_string(number) +
         R"(","source":"/sensor","type":"com.example.reading","data":{"value":)" +
         std::to_string(number) + "}}";
}

}  // namespace

int main() {
  long sum = 0;  // only this thread runs the handler
  auto pipeline = penstock::PipelineBuilder({})
                      .stage("sum",
                             [&sum](penstock::Event& event, penstock::Context&) {
                               sum += event.data()["value"].get_int64().value_or(0);
                               return penstock::Outcome::next();
                             })
                      .host_driven()
                      .build();
  if (!pipeline || !pipeline->start()) return 1;

  const int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  epoll_event interest{.events = EPOLLIN, .data = {.fd = pipeline->event_fd()}};
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, pipeline->event_fd(), &interest);

  std::thread publisher([producer = pipeline->producer()]() mutable {
    for (int number = 0; number < kEvents; ++number) producer.publish(reading(number));
  });

  std::size_t done = 0;
  for (;;) {
    done += pipeline->poll(0, 64);
    if (done == kEvents) break;
    if (!pipeline->arm()) continue;  // there is more
    epoll_event ready;
    epoll_wait(epoll_fd, &ready, 1, -1);  // the host's other descriptors would be here, too
  }
  publisher.join();
  close(epoll_fd);

  const penstock::Report report = pipeline->stop(std::chrono::seconds(1));
  std::printf("%zu events, sum %ld\n", done, sum);
  return report.drained && sum == long{kEvents} * (kEvents - 1) / 2 ? 0 : 1;
}
