// SPDX-License-Identifier: Apache-2.0
// A Ring<T> holds plain items only.
#include <string>

#include <penstock/runtime/ring/typed_ring.hpp>

#ifdef FINE
using Item = int;
#else
using Item = std::string;
#endif

void use() { penstock::Ring<Item> ring(8); }
