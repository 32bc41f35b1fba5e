#include "daemon/base/machine_name.h"

#include <array>
#include <unistd.h>

namespace squall {

std::string MachineName() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

}  // namespace squall
