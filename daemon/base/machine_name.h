// What this machine calls itself.
#pragma once

#include <string>

namespace squall {

// gethostname(2), without a domain unless the machine's name has one; "" when it has none.
std::string MachineName();

}  // namespace squall
