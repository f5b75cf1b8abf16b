// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/cli/generate.hpp>

#include <unistd.h>

#include <penstock/io/cli/exit_code.hpp>
#include <penstock/io/cli/terminal.hpp>
#include <penstock/io/files/descriptor.hpp>

namespace penstock::cli {

int generate(const GenerateArguments& arguments) {
  constexpr std::size_t kChunkBytes = 256 * 1024;
  Descriptor file;
  if (!arguments.output.empty()) {
    auto opened = open_output(arguments.output, false);
    if (!opened) return fail(opened.error());
    file = *std::move(opened);
  }
  const std::string name = file ? arguments.output : "stdout";
  OrderGenerator orders(arguments.orders);
  std::string chunk;
  chunk.reserve(kChunkBytes + arguments.orders.event_bytes + 1024);
  for (std::uint64_t i = 0; i < arguments.events; ++i) {
    orders.append(chunk);
    chunk += '\n';
    if (chunk.size() < kChunkBytes && i + 1 < arguments.events) continue;
    const Status written = write_all(file ? file.number() : STDOUT_FILENO, chunk, name);
    if (!written) return fail(written.error());
    chunk.clear();
  }
  const Status closed = file.close(name);
  return closed ? kFine : fail(closed.error());
}

}  // namespace penstock::cli
