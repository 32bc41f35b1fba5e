// statsd over UDP: plain (etsy's), or with DogStatsD's tags where the output has tags. Counters are
// differences, so that those of all agents add up.
//
// plain:  PREFIX.requests.GET.products:12|c    PREFIX.AGENT.response_ms.GET.products.p95:8.5|g
// tagged: PREFIX.requests:12|c|#env:staging,run_id:…,test:…,agent:…,method:GET,name:/products
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <vector>

#include <absl/status/status.h>

#include "daemon/sinks/datagram_peer.h"
#include "daemon/sinks/metric_sink.h"
#include "daemon/sinks/request_samples.h"

namespace squall {

// The metrics of one report, one a string, without newlines.
class StatsdNaming final {
 public:
  StatsdNaming(const MetricOutput& output, const MetricSource& source);
  std::vector<std::string> Metrics(const std::vector<RequestSample>& samples,
                                   const MetricReport& report) const;

 private:
  std::string Counter(std::string_view what, const RequestSample* sample, double value) const;
  std::string Gauge(std::string_view what, const RequestSample* sample, std::string_view part,
                    double value) const;
  std::string Tags(const RequestSample* sample) const;

  const std::string prefix_;
  const std::string agent_;  // as a part of a name
  std::string tags_;         // "" = plain
};

// A part of a name: what is none of letters, digits, '-' and '_' becomes '_'.
std::string StatsdPart(std::string_view text);
// As few datagrams as hold them, none above `bytes_max` unless one metric alone is.
std::vector<std::string> StatsdDatagrams(const std::vector<std::string>& metrics,
                                         size_t bytes_max = 1432);

class StatsdSink final : public MetricSink {
 public:
  StatsdSink(const MetricOutput& output, const MetricSource& source,
             std::function<bool(const sockaddr_storage&)> allows_address);
  absl::Status Send(const MetricReport& report) override;

 private:
  const StatsdNaming naming_;
  RequestSampler sampler_;
  DatagramPeer peer_;
};

}  // namespace squall
