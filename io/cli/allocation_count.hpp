// SPDX-License-Identifier: Apache-2.0
// Counts every heap allocation of the process, so that a report can say that there were none.
// The program (never the library) replaces malloc and its family by forwards to the C library's
// own; operator new ends there too. Not under sanitizers, which replace them themselves, nor
// without glibc.
#pragma once

#include <cstdint>

namespace penstock::cli {

/// A function for PipelineBuilder::allocations, or nullptr where allocations are not counted.
[[nodiscard]] std::uint64_t (*allocation_counter() noexcept)();

/// A function that returns how many of them the calling thread made, or nullptr likewise.
[[nodiscard]] std::uint64_t (*own_allocation_counter() noexcept)();

}  // namespace penstock::cli
