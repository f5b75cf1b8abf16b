// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/cli/generate.hpp>

#include <penstock/io/cli/exit_code.hpp>
#include <penstock/io/cli/terminal.hpp>
#include <penstock/io/files/output_file.hpp>

namespace penstock::cli {

int generate(const GenerateArguments& arguments) {
  constexpr std::size_t kChunkBytes = 256 * 1024;
  const bool to_file = !arguments.output.empty();
  OutputFile file(to_file ? arguments.output : "/dev/stdout", false);
  if (const Status opened = file.open(); !opened) return fail(opened.error());
  if (const Status begun = file.begin(); !begun) return fail(begun.error());
  const std::string name = to_file ? arguments.output : "stdout";
  OrderGenerator orders(arguments.orders);
  std::string chunk;
  chunk.reserve(kChunkBytes + arguments.orders.event_bytes + 1024);
  for (std::uint64_t i = 0; i < arguments.events; ++i) {
    orders.append(chunk);
    chunk += '\n';
    if (chunk.size() < kChunkBytes && i + 1 < arguments.events) continue;
    const Status written = write_all(file.number(), chunk, name);
    if (!written) return fail(written.error());
    chunk.clear();
  }
  const Status closed = file.close();
  return closed ? kFine : fail(closed.error());
}

}  // namespace penstock::cli
