// SPDX-License-Identifier: Apache-2.0
// Each partition gets a copy of its handler.
#include <memory>

#include <penstock/pipeline/flow/pipeline.hpp>

void use(penstock::PipelineBuilder& builder) {
#ifdef FINE
  auto state = std::make_shared<int>(1);
#else
  auto state = std::make_unique<int>(1);
#endif
  builder.stage("s", [state = std::move(state)](penstock::Event&, penstock::Context&) {
    return penstock::Outcome::next();
  });
}
