// Plans made by chance, within the bounds of the wire: material for property tests.
#pragma once

#include "daemon/base/rng.h"
#include "daemon/plan/plan.h"

namespace squall {

// Over a few hundred draws, every field of a plan has a value other than its default at least once.
Plan RandomPlan(Rng* rng);

// With the shape at `index` of LoadProfile::load's alternatives.
LoadProfile RandomLoadProfile(Rng* rng, size_t index);

// At most `depth` levels of if and loop.
StepList RandomSteps(Rng* rng, int depth);

// At most `depth` levels of lists and objects.
Value RandomValue(Rng* rng, int depth);

}  // namespace squall
