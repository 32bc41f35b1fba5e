// One connection's requests, answered one after another on the connection's own thread.
#pragma once

#include <optional>
#include <string>

#include "tests/support/kube/api_request.h"
#include "tests/support/kube/fake_backend.h"
#include "tests/support/kube/fake_link.h"

namespace squall {

class ApiSession final {
 public:
  ApiSession(FakeLink* link, FakeBackend* backend) : link_(link), backend_(backend) {}

  void Run();  // until the client goes, or a fault ends it

 private:
  // All: true when the connection can be used again.
  bool Answer(const ApiRequest& request);
  bool AnswerWatch(const ApiRoute& route, const ApiRequest& request, std::optional<ApiFault> fault);
  bool AnswerFaulty(const ApiRequest& request, const ApiFault& fault);
  bool Send(const ApiRequest& request, const ApiAnswer& answer);
  bool SendPart(const ApiRequest& request, const ApiAnswer& answer, const ApiFault& fault);

  FakeLink* const link_;
  FakeBackend* const backend_;
};

}  // namespace squall
