// SPDX-License-Identifier: Apache-2.0
// The search for special bytes over a whole document, by the widest registers of this machine.
#pragma once

#include <cstdint>

namespace penstock::decoding {

/// As find_special().
using FindSpecial = std::uint32_t (*)(const char* bytes, std::uint32_t from,
                                      std::uint32_t end) noexcept;

/// The fastest that this machine can run.
[[nodiscard]] FindSpecial fastest_find_special() noexcept;

}  // namespace penstock::decoding
