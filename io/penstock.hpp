// SPDX-License-Identifier: Apache-2.0
// All of Penstock that a program needs: #include <penstock/penstock.hpp>.
//   load_config(path), pipeline(config)   a pipeline from a file (io)
//   PipelineBuilder, Pipeline, Producer   a pipeline in code (pipeline/flow)
//   Event, Data, Outcome, Context         what handlers see and answer (pipeline/event)
//   Ring<T>, Pace                         the typed ring for plain items, what its reader waits by
#pragma once

#include <penstock/io/config/config.hpp>
#include <penstock/io/files/reject_file.hpp>
#include <penstock/io/files/sinks.hpp>
#include <penstock/io/files/sources.hpp>
#include <penstock/io/pipeline.hpp>
#include <penstock/pipeline/event/data.hpp>
#include <penstock/pipeline/event/event.hpp>
#include <penstock/pipeline/event/outcome.hpp>
#include <penstock/pipeline/flow/pipeline.hpp>
#include <penstock/runtime/ring/typed_ring.hpp>
#include <penstock/runtime/wait/pace.hpp>
