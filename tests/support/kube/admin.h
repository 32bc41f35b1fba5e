// The paths below /_ by which a test in another process steers the fake:
//
//   POST /_faults        one fault, {"faults": […]}, or a list; DELETE clears; GET says how many
//   hit GET /_requests       what was asked; DELETE begins anew POST /_compact       forgets
//   history: watches and continued lists expire POST /_skip          {"versions": 1000}: others'
//   writes POST /_token         {"token": "…"}: from now on only its bearer may; "" for everybody
//   GET /_watches        {"open": 3}
#pragma once

#include <optional>

#include "tests/support/kube/api_request.h"
#include "tests/support/kube/fake_backend.h"

namespace squall {

// nullopt for all other paths.
std::optional<ApiAnswer> Administer(const ApiRequest& request, FakeBackend* backend);

}  // namespace squall
