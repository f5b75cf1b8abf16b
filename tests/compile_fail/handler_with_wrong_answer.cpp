// SPDX-License-Identifier: Apache-2.0
// A handler answers with an Outcome.
#include <penstock/pipeline/flow/pipeline.hpp>

void use(penstock::PipelineBuilder& builder) {
#ifdef FINE
  builder.stage("s",
                [](penstock::Event&, penstock::Context&) { return penstock::Outcome::next(); });
#else
  builder.stage("s", [](penstock::Event&, penstock::Context&) { return true; });
#endif
}
