// Text that claims to be a list of allowed targets (first line), and a host (second line): whatever
// parses must print as what it was read from, and judge any host.
#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/base/check.h"
#include "daemon/net/target_allow_list.h"

namespace squall {
namespace {

void Try(std::string_view text) {
  const size_t end = text.find('\n');
  const std::string entries(text.substr(0, end));
  const std::string_view host = end == text.npos ? "shop.test" : text.substr(end + 1);
  const absl::StatusOr<TargetAllowList> list = ParseTargetAllowList({entries});
  if (!list.ok()) {
    SQUALL_CHECK(list.status().message().size() < 400);
    return;
  }
  SQUALL_CHECK(!list->empty());  // an empty list would allow everything
  SQUALL_CHECK(list->ToString().size() <= entries.size() + 8 + sizeof "and 992 more");
  if (list->AllowsHost(host, 80)) {
    SQUALL_CHECK(list->MayAllow(host, 80));
  }
  sockaddr_storage address{};
  address.ss_family = host.size() % 2 == 0 ? AF_INET : AF_INET6;
  list->AllowsAddress(address);
}

}  // namespace
}  // namespace squall

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  squall::Try(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
