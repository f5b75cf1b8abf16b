// SPDX-License-Identifier: Apache-2.0
// Calls of sources, sinks and rejects, which may be an embedder's own: what they throw is an error
// like one that they return. Inside pipeline/flow only.
#pragma once

#include <cxxabi.h>

#include <exception>
#include <string>
#include <string_view>

#include <penstock/runtime/base/result.hpp>

namespace penstock {

/// Returns what `call()` returns, a Status or a Result; `name` stands before what it throws.
/// Cancellation and pthread_exit go through.
template <class Call>
auto guarded(std::string_view name, Call&& call) -> decltype(call()) {
  try {
    return call();
  } catch (const abi::__forced_unwind&) {
    throw;
  } catch (const std::exception& failure) {
    return error(ErrorCode::storage, std::string(name) + ": " + failure.what());
  } catch (...) {
    return error(ErrorCode::storage, std::string(name) + ": threw what is no std::exception");
  }
}

}  // namespace penstock
