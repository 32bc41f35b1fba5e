// /api/v1: the JSON that the page and programs use (docs/api.md). Any thread.
#pragma once

#include <memory>
#include <string>

#include "daemon/gateway/route_table.h"
#include "daemon/gateway/run_host.h"
#include "daemon/gateway/run_pieces.h"
#include "daemon/gateway/web_stream.h"

namespace squall {

class WebApi final {
 public:
  // `host` and `pieces` outlive this. `instance` is another one after a restart.
  WebApi(RunHost* host, RunPieces* pieces, std::string instance);
  WebApi(const WebApi&) = delete;
  WebApi& operator=(const WebApi&) = delete;

  // Its routes, which call this.
  void AddTo(RouteTable* routes);

 private:
  HttpReply Server(const HttpRequest& request);
  HttpReply List(const HttpRequest& request);
  HttpReply Start(const HttpRequest& request);
  HttpReply Change(const HttpRequest& request, const std::string& run_id);
  HttpReply Stop(const HttpRequest& request, const std::string& run_id);
  HttpReply Delete(const std::string& run_id);
  HttpReply Piece(const HttpRequest& request, const std::string& run_id, const std::string& name);
  HttpReply Points(const HttpRequest& request, const std::string& run_id);
  HttpReply Events(const HttpRequest& request, const std::string& run_id);
  HttpReply Stream(const HttpRequest& request, const std::string& run_id);
  HttpReply Report(const HttpRequest& request, const std::string& run_id);
  HttpReply Compare(const HttpRequest& request);
  HttpReply Item(int status, const std::string& run_id);

  RunHost* const host_;
  RunPieces* const pieces_;
  const std::string instance_;
  const std::shared_ptr<WebStream> stream_;
};

}  // namespace squall
