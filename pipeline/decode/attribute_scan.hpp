// SPDX-License-Identifier: Apache-2.0
// Finds an extension in an event that was accepted, by reading its members again byte by byte: for
// those beyond what an envelope keeps (Envelope::kExtensionsInline).
#pragma once

#include <string_view>

#include <penstock/pipeline/event/envelope.hpp>

namespace penstock::decoding {

/// The extension that `name` means; not present if there is none. Requires: `envelope` was read
/// from `document`. Cost: linear in the envelope's bytes; data is stepped over.
Extension scan_for_extension(std::string_view document, const Envelope& envelope,
                             std::string_view name, ValueKind& kind) noexcept;

}  // namespace penstock::decoding
