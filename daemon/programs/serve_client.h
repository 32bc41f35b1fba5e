// A RunService elsewhere, with deadlines and errors that say where. One thread.
#pragma once

#include <memory>
#include <string>

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <grpcpp/grpcpp.h>

#include "daemon/base/clock.h"
#include "daemon/rpc/channel.h"
#include "protos/squall/v1/run_service.grpc.pb.h"

namespace squall {

class ServeClient final {
 public:
  ServeClient(std::string server, const std::shared_ptr<grpc::Channel>& channel)
      : stub_(v1::RunService::NewStub(channel)), server_(std::move(server)) {}

  template <typename Request, typename Response>
  absl::Status Call(grpc::Status (v1::RunService::Stub::*method)(grpc::ClientContext*,
                                                                 const Request&, Response*),
                    const Request& request, Response* response) {
    grpc::ClientContext context;
    context.set_deadline(gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                                      gpr_time_from_seconds(kSecondsMax, GPR_TIMESPAN)));
    return Explain((stub_.get()->*method)(&context, request, response));
  }

  // A failed call's status, with the server's address where nobody answered.
  absl::Status Explain(const grpc::Status& status) const;
  v1::RunService::Stub* stub() { return stub_.get(); }

 private:
  static constexpr int64_t kSecondsMax = 20;
  const std::unique_ptr<v1::RunService::Stub> stub_;
  const std::string server_;
};

}  // namespace squall
