// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/load/event_pool.hpp>

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <penstock/io/files/descriptor.hpp>
#include <penstock/io/files/line_reader.hpp>
#include <penstock/io/in_words.hpp>

namespace penstock {

EventPool EventPool::of_orders(const OrderOptions& options, std::size_t events) {
  EventPool pool;
  OrderGenerator orders(options);
  for (std::size_t i = 0; i < events; ++i) {
    orders.append(pool.bytes_);
    pool.ends_.push_back(pool.bytes_.size());
  }
  pool.origin_ = with_commas(events) + " generated orders";
  return pool;
}

Result<EventPool> EventPool::of_file(const std::string& path, std::uint32_t event_bytes_max) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return open_error(path, errno);
  struct stat status {};
  if (::fstat(file.number(), &status) != 0)
    return system_error(ErrorCode::unavailable, path, errno);
  if (!S_ISREG(status.st_mode))
    return error(ErrorCode::unavailable,
                 path + ": is no regular file; the events of a load are read before it begins");
  EventPool pool;
  LineReader lines(event_bytes_max);
  bool ended = false;
  while (!ended && pool.bytes_.size() < kBytesMax) {
    const auto room = lines.room();
    ssize_t count = 0;
    do count = ::read(file.number(), room.data(), room.size());
    while (count < 0 && errno == EINTR);
    if (count < 0) return system_error(ErrorCode::storage, path, errno);
    ended = count == 0;
    lines.filled(static_cast<std::size_t>(count));
    if (ended) lines.end();
    for (InputLine line; lines.next(line);)
      if (!line.too_long()) pool.add(line.bytes);
  }
  if (pool.size() == 0)
    return error(ErrorCode::unavailable, path + ": has no event of at most " +
                                             with_commas(event_bytes_max) +
                                             " bytes (ring.event_bytes_max)");
  pool.origin_ = (ended ? "" : "the first ") + with_commas(pool.size()) + " events of " + path;
  return pool;
}

void EventPool::add(std::string_view event) {
  bytes_ += event;
  ends_.push_back(bytes_.size());
}

}  // namespace penstock
