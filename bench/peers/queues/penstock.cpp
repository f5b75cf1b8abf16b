// SPDX-License-Identifier: Apache-2.0
#include "families.hpp"
#include "penstock_ring.hpp"

namespace penstock::bench {

void add_penstock_items(Implementations& to, const Cores& cores, const QueueShape& shape) {
  with_item_bytes(shape.item_bytes, [&]<std::size_t bytes>() {
    using Each = PenstockRing<Item<bytes>>;
    using Coalesced = PenstockRing<Item<bytes>, ProducerKind::single, Publication::coalesced>;
    to.push_back(ours(passing<Each, 1>("penstock, single", cores, shape.slots)));
    to.push_back(ours(passing<Coalesced, 1>("penstock, coalesced", cores, shape.slots)));
    to.push_back(ours(passing<Each, 16>("penstock, batch 16", cores, shape.slots)));
    to.push_back(ours(passing<Each, 64>("penstock, batch 64", cores, shape.slots)));
  });
}

void add_penstock_bounce(Implementations& to, const Cores& cores) {
  to.push_back(ours(bouncing<PenstockRing<Item<8>>>("penstock", cores)));
}

void add_penstock_producers(Implementations& to, const Cores& cores, std::size_t slots) {
  using Multi = PenstockRing<Item<8>, ProducerKind::multi>;
  to.push_back(ours(contending<Multi, 1>("penstock, single", cores, slots)));
  to.push_back(ours(contending<Multi, 16>("penstock, batch 16", cores, slots)));
}

}  // namespace penstock::bench
