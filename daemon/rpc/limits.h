// What servers and channels of ours agree on.
#pragma once

namespace squall {

inline constexpr int kRpcMessageBytesMax = 64 << 20;  // a plan with its embedded data

}  // namespace squall
