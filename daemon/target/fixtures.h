// Answers that exercise a client: sizes, delays, redirects, cookies, encodings, broken endings.
// The addresses are listed in router.h.
#pragma once

#include "daemon/target/message.h"

namespace squall {

constexpr int64_t kFixtureBytesMax = 64 << 20;
constexpr int kFixtureDelayMsMax = 60'000;
constexpr int kFixtureRedirectsMax = 1000;

TargetResponse BytesFixture(const TargetCall& call);
TargetResponse StatusFixture(const TargetCall& call);
TargetResponse DelayFixture(const TargetCall& call);
TargetResponse RedirectFixture(const TargetCall& call);
TargetResponse CookieSetFixture(const TargetCall& call);
TargetResponse CookieCheckFixture(const TargetCall& call);
TargetResponse GzipFixture(const TargetCall& call);
TargetResponse ChunkedFixture(const TargetCall& call);
TargetResponse CloseFixture(const TargetCall& call);
TargetResponse EchoFixture(const TargetCall& call);
TargetResponse BasicAuthFixture(const TargetCall& call);
TargetResponse BearerFixture(const TargetCall& call);
TargetResponse TruncateFixture(const TargetCall& call);
TargetResponse DropFixture(const TargetCall& call);

}  // namespace squall
