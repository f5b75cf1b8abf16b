// SPDX-License-Identifier: Apache-2.0
#include "families.hpp"
#include "paced.hpp"
#include "penstock_ring.hpp"

namespace penstock::bench {
namespace {

constexpr std::size_t kArrayBytesMax = 4096;  ///< a copy of more would fill the first cache

/// Items in batches: written in place, and, where that is not too large, as an array.
template <class T, std::size_t batch>
void add_batches(Implementations& to, const Cores& cores, std::size_t slots) {
  using InPlace = PenstockRing<T, ProducerKind::single, Publication::in_place>;
  using Array = PenstockRing<T, ProducerKind::single, Publication::batch>;
  const std::string size = std::to_string(batch);
  add_passing<InPlace, batch>(to, "penstock, " + size + " in place", cores, slots);
  if constexpr (batch * sizeof(T) <= kArrayBytesMax)
    add_passing<Array, batch>(to, "penstock, batch " + size, cores, slots);
}

}  // namespace

void add_penstock_items(Implementations& to, const Cores& cores, const QueueShape& shape) {
  Implementations rows;
  with_item_bytes(shape.item_bytes, [&]<std::size_t bytes>() {
    using T = Item<bytes>;
    using Coalesced = PenstockRing<T, ProducerKind::single, Publication::coalesced>;
    add_passing<PenstockRing<T>, 1>(rows, "penstock, single", cores, shape.slots);
    add_passing<Coalesced, 1>(rows, "penstock, coalesced", cores, shape.slots);
    add_batches<T, 16>(rows, cores, shape.slots);
    add_batches<T, 64>(rows, cores, shape.slots);
  });
  for (Implementation& row : rows) to.push_back(ours(std::move(row)));
}

void add_penstock_bounce(Implementations& to, const Cores& cores) {
  to.push_back(ours(bouncing<PenstockRing<Item<8>>>("penstock", cores)));
}

void add_penstock_producers(Implementations& to, const Cores& cores, std::size_t slots) {
  using T = Item<8>;
  using Single = PenstockRing<T, ProducerKind::multi>;
  using Batches = PenstockRing<T, ProducerKind::multi, Publication::batch>;
  to.push_back(ours(contending<Single, 1>("penstock, single", cores, slots)));
  to.push_back(ours(contending<Batches, 16>("penstock, batch 16", cores, slots)));
  to.push_back(ours(contending<Batches, 64>("penstock, batch 64", cores, slots)));
  const std::string own = "penstock, fan-in, ";
  using OwnSingle = PenstockFanIn<T>;
  using OwnCoalesced = PenstockFanIn<T, Publication::coalesced>;
  using OwnBatches = PenstockFanIn<T, Publication::batch>;
  using OwnInPlace = PenstockFanIn<T, Publication::in_place>;
  to.push_back(ours(contending<OwnSingle, 1>(own + "single", cores, slots)));
  to.push_back(ours(contending<OwnCoalesced, 1>(own + "coalesced", cores, slots)));
  to.push_back(ours(contending<OwnBatches, 16>(own + "batch 16", cores, slots)));
  to.push_back(ours(contending<OwnBatches, 64>(own + "batch 64", cores, slots)));
  to.push_back(ours(contending<OwnInPlace, 16>(own + "16 in place", cores, slots)));
}

}  // namespace penstock::bench
