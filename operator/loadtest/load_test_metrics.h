// What LoadTests' statuses say, as metrics: for dashboards and the alerts of the chart. Any replica
// could tell them, so only the one that leads may: figures of two would be added up. Pure; any
// thread.
#pragma once

#include <vector>

#include "operator/controller/metric_values.h"
#include "operator/controller/object_cache.h"

namespace squall {

// Series of a single LoadTest are there as long as it is. All names stand in the .cc and in
// docs/metrics.md: renaming one is an API change.
std::vector<MetricGroup> MetricsOf(const std::vector<ObjectPtr>& load_tests);

}  // namespace squall
