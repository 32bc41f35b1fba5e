// config/plans/product-service.yaml, built in for `squall demo`.
#pragma once

#include <string>

namespace squall {

std::string SamplePlan();

}  // namespace squall
